/* Commands of mail clients, taken apart. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "portal/pop/command.h"
#include "portal/sasl.h"

static struct pop_command
reading(const char *line)
{
	struct pop_command command;

	pop_command_read(&command, line, strlen(line));
	return command;
}

static void
expect(const char *line, enum pop_verb verb, bool is_well_formed)
{
	struct pop_command command = reading(line);

	if (command.verb != verb || command.is_well_formed != is_well_formed)
		fail_msg("\"%s\" is taken for %d, %s", line, command.verb,
			 command.is_well_formed ? "well formed" : "not well formed");
}

static void
verbs_take_their_arguments_and_no_others(void **state)
{
	(void)state;
	expect("STAT", POP_STAT, true);
	expect("stat", POP_STAT, true);
	expect("STAT ", POP_STAT, true);
	expect("STAT 1", POP_STAT, false);
	expect("STATS", POP_UNKNOWN, true);
	expect("", POP_UNKNOWN, true);
	expect(" STAT", POP_UNKNOWN, false);
	expect("LIST", POP_LIST, true);
	expect("LIST 1", POP_LIST, true);
	expect("LIST 1 2", POP_LIST, false);
	expect("RETR", POP_RETR, false);
	expect("RETR 1", POP_RETR, true);
	expect("RETR 1x", POP_RETR, false);
	expect("RETR -1", POP_RETR, false);
	expect("RETR 1\t2", POP_RETR, false);
	expect("RETR 9999999999", POP_RETR, false);
	expect("TOP 1", POP_TOP, false);
	expect("TOP 1 0", POP_TOP, true);
	expect("TOP 1 0 0", POP_TOP, false);
	expect("USER", POP_USER, false);
	expect("USER ", POP_USER, false);
	expect("AUTH", POP_AUTH, true);
	expect("QUIT now", POP_QUIT, false);
}

static void
numbers_and_texts_are_read(void **state)
{
	struct pop_command command = reading("TOP 12  345");

	(void)state;
	assert_int_equal(command.number, 12);
	assert_int_equal(command.lines_max, 345);
	command = reading("PASS  two words ");
	assert_string_equal(command.text, " two words ");
	command = reading("LIST");
	assert_false(command.has_number);
	command = reading("UIDL 7");
	assert_true(command.has_number);
	assert_int_equal(command.number, 7);
}

static void
line_with_a_nul_is_no_command(void **state)
{
	static const char line[] = "QUIT\0 x";
	struct pop_command command;

	(void)state;
	pop_command_read(&command, line, sizeof line - 1);
	assert_int_equal(command.verb, POP_UNKNOWN);
	assert_string_equal(command.text, "");
}

static void
expect_plain(const char *message, size_t length, const char *user, const char *password)
{
	g_autofree char *base64 = g_base64_encode((const guchar *)message, length);
	g_autofree char *user_got = NULL, *password_got = NULL;
	bool done = sasl_plain_read(base64, &user_got, &password_got);

	assert_int_equal(done, user != NULL);
	if (user == NULL) {
		assert_null(user_got);
		assert_null(password_got);
		return;
	}
	assert_string_equal(user_got, user);
	assert_string_equal(password_got, password);
}

#define PLAIN(text, user, password) expect_plain(text, sizeof(text) - 1, user, password)

static void
plain_has_three_texts(void **state)
{
	char *user, *password;

	(void)state;
	PLAIN("\0a@b\0secret", "a@b", "secret");
	PLAIN("a@b\0a@b\0secret", "a@b", "secret");
	PLAIN("c@d\0a@b\0secret", NULL, NULL); /* for somebody else */
	PLAIN("\0a@b\0", NULL, NULL);
	PLAIN("\0\0secret", NULL, NULL);
	PLAIN("\0a@b", NULL, NULL);
	PLAIN("\0a@b\0secret\0more", NULL, NULL);
	PLAIN("\0a@b\0secret\0", NULL, NULL);
	PLAIN("a@b", NULL, NULL);
	PLAIN("", NULL, NULL);
	assert_false(sasl_plain_read("AGFAYgBz ZWNyZXQ=", &user, &password));
	assert_false(sasl_plain_read("=", &user, &password));
	assert_false(sasl_plain_read("AGFAYgBzZWNyZXQ", &user, &password));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_take_their_arguments_and_no_others),
		cmocka_unit_test(numbers_and_texts_are_read),
		cmocka_unit_test(line_with_a_nul_is_no_command),
		cmocka_unit_test(plain_has_three_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
