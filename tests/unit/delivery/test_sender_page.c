/* The subject on the sender's page: only the link opens it, and only in its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "delivery/parcel/sender_page.h"

static const char row[] = "01900000-0000-7000-8000-000000000001";
static const char other_row[] = "01900000-0000-7000-8000-000000000002";
static const char subject[] = "Gr\xc3\xbc\xc3\x9f"
			      "e";

static void
make_link(char text_r[SEAL_KEY_CHARACTERS + 1])
{
	struct seal_key secret;

	randombytes_buf(secret.bytes, sizeof secret.bytes);
	seal_key_show(text_r, &secret);
}

static void
only_the_link_opens_it_in_its_row(void **state)
{
	char link[SEAL_KEY_CHARACTERS + 1], other[SEAL_KEY_CHARACTERS + 1];
	g_autofree unsigned char *sealed = NULL;
	g_autofree char *opened = NULL;
	size_t length;

	(void)state;
	make_link(link);
	make_link(other);
	sealed = track_seal_text(subject, link, row, &length);
	opened = track_open_text(sealed, length, link, row);
	assert_string_equal(opened, subject);
	assert_null(track_open_text(sealed, length, other, row));
	assert_null(track_open_text(sealed, length, link, other_row));
	assert_null(track_open_text(sealed, length - 1, link, row));
	assert_null(track_open_text(sealed, 0, link, row));
	sealed[length - 1] ^= 1;
	assert_null(track_open_text(sealed, length, link, row));
}

static void
digest_in_the_database_is_not_the_key(void **state)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	char link[SEAL_KEY_CHARACTERS + 1], text[SEAL_KEY_CHARACTERS + 1];
	g_autofree unsigned char *sealed = NULL;
	struct seal_key stolen;
	size_t length, opened_length;

	(void)state;
	make_link(link);
	sealed = track_seal_text(subject, link, row, &length);
	assert_true(track_digest(link, digest));
	memcpy(stolen.bytes, digest, sizeof stolen.bytes);
	assert_null(seal_open_bytes(sealed, length, &stolen, row, &opened_length));
	seal_key_show(text, &stolen);
	assert_null(track_open_text(sealed, length, text, row));
}

static void
what_is_no_link_is_refused(void **state)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	size_t length;

	(void)state;
	assert_false(track_digest("x", digest));
	assert_null(track_seal_text(subject, "", row, &length));
	assert_null(track_open_text((const unsigned char *)subject, sizeof subject, "..", row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_link_opens_it_in_its_row),
		cmocka_unit_test(digest_in_the_database_is_not_the_key),
		cmocka_unit_test(what_is_no_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
