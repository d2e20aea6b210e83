/* A mail is recognised by its imprint, whatever happened to line ends and header in transport. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "mail/imprint.h"
#include "mail/mime_stream.h"
#include "message_of.h"

enum { MANY = 8 << 20 };

#define HEADER "Subject: A letter\r\nMessage-ID:\r\n <one@example.com>\r\n"

#define BODY "\r\nDear all,\r\n\r\nbye\r\n"

/* Of what is written in pieces of that many bytes. */
static void
take_imprint(const char *sender, const char *mail, size_t piece,
	     unsigned char imprint_r[IMPRINT_BYTES])
{
	const size_t length = strlen(mail);
	struct imprint_sink imprint;
	struct fault fault;

	imprint_sink_init(&imprint, sender, NULL);
	for (size_t at = 0; at < length; at += piece)
		assert_true(sink_write(&imprint.sink, mail + at, MIN(piece, length - at), &fault));
	assert_true(sink_finish(&imprint.sink, &fault));
	imprint_sink_end(&imprint, imprint_r);
	imprint_sink_clear(&imprint);
}

static void
imprint_is_the_same_after_an_mta(void **state)
{
	static const char *const same[] = {
		HEADER BODY,
		HEADER "\r\nDear all,\n\nbye\n",
		HEADER "\r\nDear all,\r\n\r\nbye",
		"Received: from a by b\r\n" HEADER "X-Mark: 1\r\n" BODY,
		"To: Sue <sue@example.net>\r\nSUBJECT : A \r\n letter\r\nMessage-Id: "
		"<one@example.com>\r\n" BODY,
	};
	unsigned char first[IMPRINT_BYTES], other[IMPRINT_BYTES];
	struct message *message = message_of(same[0]);
	struct fault fault;

	(void)state;
	assert_true(imprint_of(message, first, &fault));
	message_free(message);
	for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
		for (size_t piece = 1; piece <= strlen(same[i]); piece++) {
			take_imprint("Anna@EXAMPLE.com", same[i], piece, other);
			assert_memory_equal(first, other, sizeof first);
		}
}

/* What said that it had been decided on counted by Message-ID and body alone. */
static void
imprint_is_another_for_another_mail(void **state)
{
	static const char *const others[][2] = {
		{"eve@example.com", HEADER BODY},
		{"anna@example.com", HEADER "\r\nDear all,\r\n\r\nbuy\r\n"},
		{"anna@example.com", HEADER "\r\nDear all,\r\n\r\nbye\r\r\n"},
		{"anna@example.com", HEADER "\r\nDear all,\r\n\rbye\r\n"},
		{"anna@example.com", HEADER "\r\nDear all,\r\n\r\nbye\r\n\r\n"},
		{"anna@example.com", HEADER "\r\n"},
		{"anna@example.com", HEADER "Content-Transfer-Encoding: base64\r\n" BODY},
		{"anna@example.com", HEADER "Content-Type : text/html\r\n" BODY},
		{"anna@example.com", "Subject: [secure] A letter\r\n"
				     "Message-ID: <one@example.com>\r\n" BODY},
		{"anna@example.com", "Subject: A letter\r\nMessage-ID: <two@example.com>\r\n" BODY},
		{"anna@example.com", "Subject: A letterMessage-ID: <one@example.com>\r\n" BODY},
		{"anna@example.com", HEADER "Subject: another\r\n" BODY},
	};
	unsigned char first[IMPRINT_BYTES], other[IMPRINT_BYTES];

	(void)state;
	take_imprint("anna@example.com", HEADER BODY, MANY, first);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		for (size_t piece = 1; piece <= strlen(others[i][1]); piece++) {
			take_imprint(others[i][0], others[i][1], piece, other);
			assert_memory_not_equal(first, other, sizeof first);
		}
}

/* The rest of the piece was read again for each of them, so this test did not end. */
static void
body_of_carriage_returns_is_read_once(void **state)
{
	g_autofree char *mail = g_malloc(MANY + sizeof HEADER "\r\n");
	unsigned char imprint[IMPRINT_BYTES];

	(void)state;
	memset(mail, '\r', MANY + sizeof HEADER);
	memcpy(mail, HEADER "\r\n", strlen(HEADER "\r\n"));
	mail[MANY] = '\0';
	take_imprint("anna@example.com", mail, MANY, imprint);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imprint_is_the_same_after_an_mta),
		cmocka_unit_test(imprint_is_another_for_another_mail),
		cmocka_unit_test(body_of_carriage_returns_is_read_once),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
