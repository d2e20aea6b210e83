/* Who may send as whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above. */
#include <cmocka.h>

#include "policy/logins.h"
#include "tests/unit/guarded_text.h"

static struct logins *
load(const char *lines)
{
	g_autofree char *path = NULL;
	const int file = g_file_open_tmp("logins-XXXXXX", &path, NULL);
	struct logins *logins;
	struct fault fault;

	assert_true(file >= 0);
	assert_int_equal(write(file, lines, strlen(lines)), strlen(lines));
	close(file);
	logins = logins_load(path, &fault);
	unlink(path);
	assert_non_null(logins);
	return logins;
}

static void
case_does_not_matter(void **state)
{
	struct logins *logins = load("J\xc3\x96RG joerg@bank.example office.example # both\n");

	(void)state;
	assert_true(logins_may_send_as(logins, "J\xc3\xb6rg", "joerg@bank.example"));
	assert_true(logins_may_send_as(logins, "j\xc3\x96rg", "any@office.example"));
	assert_false(logins_may_send_as(logins, "j\xc3\xb6rg", "other@bank.example"));
	assert_true(logins_may_send_as(logins, "Own@Bank.example", "own@bank.example"));
	assert_false(logins_may_send_as(logins, "own@bank.example", ""));
	logins_free(logins);
}

static void
logins_that_are_not_utf8_are_not_read_past_their_end(void **state)
{
	static const char *const names[] = {"\xfb", "a\xe2\x82", "joerg\xf0", "\xff\xfe\xfd"};
	struct logins *logins = load("joerg joerg@bank.example\n");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		assert_false(
			logins_may_send_as(logins, guarded_text(names[i]), "joerg@bank.example"));
	logins_free(logins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(logins_that_are_not_utf8_are_not_read_past_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
