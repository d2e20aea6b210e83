/* The note of who authenticated can be opened only for its own message, with its own key, and in
 * time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "milter/login.h"

enum { NOW = 1795000000, DAY = 86400 };

static struct spool_settings spool = {.directory = "/tmp", .memory_max = 65536};

static struct message *
message_of(const char *id, const char *body)
{
	struct message *message = message_new(&spool);
	struct fault fault;

	message_add_field(message, "Message-ID", id);
	assert_true(message_add_body(message, body, strlen(body), &fault));
	return message;
}

static struct seal_key
key_of(unsigned char byte)
{
	struct seal_key key;

	memset(key.bytes, byte, sizeof key.bytes);
	return key;
}

/* The field that the first pass writes for anna. */
static char *
note_of_anna(const struct seal_key *key)
{
	g_autoptr(message_auto) message = message_of(" <1@example.com>", "Hello.\r\n");

	message->authenticated = g_strdup("anna.login");
	message->client = g_strdup("desk [192.0.2.7]");
	return login_note(message, key, NOW);
}

static bool
recall_with(const char *id, const char *body, const char *note, const struct key_file *keys,
	    gint64 now)
{
	g_autoptr(message_auto) message = message_of(id, body);
	unsigned char pass[LOGIN_PASS_BYTES];

	message->client = g_strdup("localhost [127.0.0.1]");
	message_add_field(message, "x-postseal-LOGIN", note);
	if (login_recall(message, keys, now, 6 * DAY, pass)) {
		assert_string_equal(message->authenticated, "anna.login");
		assert_string_equal(message->client, "desk [192.0.2.7]");
		return true;
	}
	assert_null(message->authenticated);
	assert_string_equal(message->client, "localhost [127.0.0.1]");
	return false;
}

/* A client without an address counts as one of ours: mail from outside, with a forged result of a
 * check, was taken for an employee's. */
static void
test_client_with_a_long_name_became_one_of_ours(void **state)
{
	g_autoptr(message_auto) message = message_of(" <1@example.com>", "Hello.\r\n");
	g_autofree char *name = g_strnfill(250, 'x'), *note = NULL;
	struct seal_key key = key_of(1);
	const struct key_file keys = {1, {key}};
	unsigned char pass[LOGIN_PASS_BYTES];

	(void)state;
	message->client = g_strdup_printf("%s [2001:db8::7]", name);
	note = login_note(message, &key, NOW);
	message_add_field(message, "X-Postseal-Login", note);
	assert_true(login_recall(message, &keys, NOW, DAY, pass));
	assert_string_equal(message->client, "[2001:db8::7]");
}

static bool
recall(const char *id, const char *body, const char *note, const struct seal_key *key, gint64 now)
{
	return recall_with(id, body, note, &(struct key_file){1, {*key}}, now);
}

static void
test_its_own_message_opens_it(void **state)
{
	struct seal_key key = key_of(1);
	g_autofree char *note = note_of_anna(&key);
	g_autofree char *folded = g_strdup_printf(" %.40s\n\t%s", note, note + 40);

	(void)state;
	assert_true(recall("<1@example.com>", "Hello.\r\n", note, &key, NOW));
	assert_true(recall(" <1@example.com>", "Hello.\r\n", folded, &key, NOW + 5 * DAY));
	assert_null(strstr(note, "anna"));
}

static void
test_another_message_key_or_time_does_not(void **state)
{
	struct seal_key key = key_of(1), other = key_of(2);
	g_autofree char *note = note_of_anna(&key);

	(void)state;
	assert_false(recall("<2@example.com>", "Hello.\r\n", note, &key, NOW));
	assert_false(recall("<1@example.com>", "Hello!\r\n", note, &key, NOW));
	assert_false(recall("<1@example.com>", "Hello.\r\n", note, &other, NOW));
	assert_false(recall("<1@example.com>", "Hello.\r\n", note, &key, NOW + 7 * DAY));
	assert_false(recall("<1@example.com>", "Hello.\r\n", note, &key, NOW - DAY));
}

/* During a rotation, whichever key made it; afterwards, only the new one. */
static void
test_each_key_of_the_file_opens_it(void **state)
{
	const struct key_file both = {2, {key_of(1), key_of(2)}},
			      third = {2, {key_of(3), key_of(4)}};
	g_autofree char *older = note_of_anna(&both.keys[0]), *newer = note_of_anna(&both.keys[1]);

	(void)state;
	assert_true(recall_with("<1@example.com>", "Hello.\r\n", older, &both, NOW));
	assert_true(recall_with("<1@example.com>", "Hello.\r\n", newer, &both, NOW));
	assert_false(recall_with("<1@example.com>", "Hello.\r\n", older, &third, NOW));
	assert_false(
		recall_with("<1@example.com>", "Hello.\r\n", older, &(struct key_file){0}, NOW));
}

static void
test_no_changed_byte_opens_it(void **state)
{
	struct seal_key key = key_of(1);
	g_autofree char *note = note_of_anna(&key);

	(void)state;
	for (size_t i = 0; note[i] != '\0' && note[i] != '='; i++) {
		g_autofree char *changed = g_strdup(note);

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		/* The last symbol has bits that mean nothing. */
		if (note[i + 1] != '=' && note[i + 1] != '\0')
			assert_false(recall("<1@example.com>", "Hello.\r\n", changed, &key, NOW));
		changed[i] = '\0';
		assert_false(recall("<1@example.com>", "Hello.\r\n", changed, &key, NOW));
	}
	assert_false(recall("<1@example.com>", "Hello.\r\n", "", &key, NOW));
}

static void
test_two_notes_are_none(void **state)
{
	struct seal_key key = key_of(1);
	g_autofree char *note = note_of_anna(&key);
	g_autoptr(message_auto) message = message_of("<1@example.com>", "Hello.\r\n");
	unsigned char pass[LOGIN_PASS_BYTES];

	(void)state;
	message_add_field(message, LOGIN_FIELD, note);
	message_add_field(message, LOGIN_FIELD, note);
	assert_false(login_recall(message, &(struct key_file){1, {key}}, NOW, DAY, pass));
}

static void
test_a_login_too_long_is_not_cut_to_somebody_elses(void **state)
{
	struct seal_key key = key_of(1);
	g_autoptr(message_auto) message = message_of("<1@example.com>", "");
	unsigned char pass[LOGIN_PASS_BYTES];
	g_autofree char *note = NULL;

	(void)state;
	message->authenticated = g_strnfill(1000, 'a');
	note = login_note(message, &key, NOW);
	message_add_field(message, LOGIN_FIELD, note);
	assert_true(login_recall(message, &(struct key_file){1, {key}}, NOW, DAY, pass));
	assert_null(message->authenticated);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_own_message_opens_it),
		cmocka_unit_test(test_client_with_a_long_name_became_one_of_ours),
		cmocka_unit_test(test_another_message_key_or_time_does_not),
		cmocka_unit_test(test_each_key_of_the_file_opens_it),
		cmocka_unit_test(test_no_changed_byte_opens_it),
		cmocka_unit_test(test_two_notes_are_none),
		cmocka_unit_test(test_a_login_too_long_is_not_cut_to_somebody_elses),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
