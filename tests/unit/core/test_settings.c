/* The settings of postseal.conf(5): their values, what is refused, and that the manual agrees. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "core/domain.h"
#include "core/restart.h"
#include "core/settings.h"

static const char needed[] =
	"organisation \"Example Corp\"\n"
	"domains { \"example.com\" \"example.org\" }\n"
	"database \"postgresql:///postseal\"\n"
	"portal listen \"127.0.0.1:8025\" url \"https://secure.example.com\"\n";

static struct settings *
load(const char *text, GPtrArray *errors)
{
	g_autofree char *path = NULL;
	struct settings *settings;
	int fd = g_file_open_tmp("settings.XXXXXX", &path, NULL);

	assert_true(fd >= 0);
	close(fd);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	settings = settings_load(path, errors);
	unlink(path);
	return settings;
}

static struct settings *
good(const char *more)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = g_strconcat(needed, more, NULL);
	struct settings *settings = load(text, errors);

	for (guint i = 0; i < errors->len; i++)
		print_error("%s\n", (char *)g_ptr_array_index(errors, i));
	assert_non_null(settings);
	return settings;
}

static void
expect_error(const char *more, const char *wanted)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = g_strconcat(needed, more, NULL);

	assert_null(load(text, errors));
	assert_int_equal(errors->len, 1);
	if (strstr(g_ptr_array_index(errors, 0), wanted) == NULL)
		fail_msg("expected “%s” in “%s”", wanted, (char *)g_ptr_array_index(errors, 0));
}

static void
settings_take_their_values(void **state)
{
	g_autoptr(settings_auto) s =
		good("queue lifetime 2 days\nlimit message 10 MB\npickup tries 7 renew \"no\"\n"
		     "receipts \"daily\"\nkeeper mode \"0640\"\nspool memory 1000\n"
		     "tls domains <verified>\nsummary at \"18:30\"");

	(void)state;
	assert_int_equal(s->queue_lifetime, 2 * 86400);
	assert_int_equal(s->limit_message, 10000000);
	assert_int_equal(s->pickup_tries, 7);
	assert_false(s->pickup_renew);
	assert_int_equal(s->receipts, RECEIPTS_DAILY);
	assert_int_equal(s->keeper_mode, 0640);
	assert_int_equal(s->spool_memory, 1000);
	assert_int_equal(s->summary_at, 18 * 60 + 30);
	assert_string_equal(s->tls_domains, "verified");
	assert_string_equal(s->domains[1], "example.org");
	assert_null(s->domains[2]);
	assert_string_equal(s->portal_url, "https://secure.example.com");
}

static void
domain_in_its_own_script_was_another_one(void **state)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(settings_auto) s =
		load("organisation \"X\"\ndatabase \"postgresql:///postseal\"\n"
		     "portal listen \"127.0.0.1:8025\" url \"https://secure.example.com\"\n"
		     "domains { \"Example.COM\", \"m\xc3\xbcller.example\" }\n",
		     errors);
	g_autofree char *shown = NULL;

	(void)state;
	assert_int_equal(errors->len, 0);
	assert_string_equal(s->domains[0], "example.com");
	assert_string_equal(s->domains[1], "xn--mller-kva.example");
	shown = domain_shown(s->domains[1]);
	assert_string_equal(shown, "m\xc3\xbcller.example");
}

static void
words_keep_their_order_and_the_line_goes_on(void **state)
{
	g_autoptr(settings_auto) s = good("keys from wkd, database, servers  within 5 seconds\n");
	g_autoptr(settings_auto) usual = good("");
	g_autofree char *words = g_strjoinv(" ", s->keys_from);

	(void)state;
	assert_string_equal(words, "wkd database servers");
	assert_int_equal(s->keys_within, 5);
	assert_string_equal(usual->keys_from[0], "database");
	assert_null(usual->keys_from[1]);
	assert_int_equal(usual->keys_within, 2);
	expect_error(
		"keys from wkd, telepathy\n",
		":5:16: found telepathy, expected one or more of: database, mail, wkd, dane, ldap, "
		"servers for keys from");
	expect_error("keys from\n", ":5:10: found the end of the line, expected one or more of");
	expect_error("keys from wkd, within 2 seconds\n", ":5:16: found within, expected one or");
	expect_error("keys from wkd, dane, wkd\n", ":5:22: found wkd, expected each word once");
	expect_error("keys from \"wkd\"\n", ":5:11: found \"wkd\", expected one or more of");
}

static void
defaults_are_those_of_the_table(void **state)
{
	g_autoptr(settings_auto) s = good("");

	(void)state;
	assert_int_equal(s->queue_lifetime, 5 * 86400);
	assert_int_equal(s->limit_message, 50 << 20);
	assert_int_equal(s->portal_upload, 25000000);
	assert_int_equal(s->database_connections, 32);
	assert_int_equal(s->milter_mode, 0660);
	assert_int_equal(s->summary_at, 7 * 60);
	assert_true(s->pickup_renew);
	assert_int_equal(s->receipts, RECEIPTS_AT_ONCE);
	assert_int_equal(s->portal_factor, PORTAL_FACTOR_OFFERED);
	assert_string_equal(s->language, "en");
}

static void
directories_have_settings_of_their_own(void **state)
{
	g_autoptr(settings_auto) s = good(
		"directory partners url \"ldaps://ldap.partner.example\" base \"dc=partner\"\n"
		"directory staff url \"ldap://dc1.example.com\" base \"dc=example,dc=com\"\n"
		"    domains { \"Example.COM\" }  filter \"(mail=%s)\"  authorities \"/a.pem\"\n"
		"    bind \"cn=postseal\" password \"/a.password\"\n");
	g_autoptr(settings_auto) other = good("");
	const struct directory *partners = g_ptr_array_index(s->directories, 0);
	const struct directory *staff = g_ptr_array_index(s->directories, 1);
	g_autofree char *changed = restart_settings(s, other, "finder");

	(void)state;
	assert_int_equal(s->directories->len, 2);
	assert_string_equal(partners->name, "partners");
	assert_string_equal(partners->url, "ldaps://ldap.partner.example");
	assert_null(partners->domains[0]);
	assert_string_equal(partners->filter, "");
	assert_string_equal(staff->domains[0], "example.com");
	assert_string_equal(staff->password, "/a.password");
	assert_string_equal(changed, "directory");
	assert_null(restart_settings(s, s, "finder"));
}

static void
wrong_directories_are_errors_with_their_place(void **state)
{
	(void)state;
	expect_error("directory \"staff\"\n",
		     ":5:11: found \"staff\", expected a name for the directory");
	expect_error("directory staff url \"ldaps://x\"\n",
		     ":5:32: found the end of the line, expected base");
	expect_error("directory staff base \"dc=x\"\n",
		     ":5:28: found the end of the line, expected url");
	expect_error("directory staff colour \"red\"\n",
		     ":5:17: found colour, expected url, base,");
	expect_error("directory staff url \"a\" url \"b\"\n",
		     ":5:25: found url a second time, expected it once");
	expect_error("directory staff url \"a\" base \"b\" bind \"cn=x\"\n",
		     ": found the end of the line, expected bind and password, or neither");
	expect_error(
		"directory staff url \"a\" base \"b\"\ndirectory staff url \"a\" base \"b\"\n",
		":6:33: found the end of the line, expected a name that no other directory has");
}

/* An error in a rule prevented the keeper, the courier and the portal from starting. */
static void
errors_of_rules_are_not_those_of_settings(void **state)
{
	g_autoptr(settings_auto) s = good("match recipient deliver plain\n"
					  "match subject tag \"[open\n"
					  "mtach any deliver plain\n"
					  "match header \"X\" \"*\xff\xe4\" deliver plain # \xff\n"
					  "table partners file \"/nowhere/at/all\"\n"
					  "table broken { \"a\" \"b\"\n"
					  "match size over 12345678901234567890123 deliver plain\n"
					  "pickup tries 6\n");

	(void)state;
	assert_int_equal(s->pickup_tries, 6);
}

static void
wrong_settings_are_errors_with_their_place(void **state)
{
	(void)state;
	expect_error("colour \"red\"\n",
		     ":5:1: found colour, expected a setting, table, match or otherwise");
	expect_error("portal colour \"red\"\n", ":5:8: found portal colour, expected a setting");
	expect_error("limit message \"many\"\n",
		     ":5:15: found \"many\", expected a size such as 25 MB for limit message");
	expect_error("organisation \"again\"\n",
		     ":5:1: found organisation a second time, expected it once");
	expect_error("pickup tries\n",
		     ":5:13: found the end of the line, expected a number for pickup tries");
	expect_error(
		"sms \"open\n",
		":5:5: found a text without its closing quote, expected a text in quotes for sms");
	expect_error("sms \"\xff\"\n", ":5:5: found a byte that is not valid UTF-8");
	expect_error("tls domains \"x\"\n",
		     ":5:13: found \"x\", expected a table such as <partners>");
	expect_error("gpg timeout 30\n", ":5:13: found 30, expected a time such as 30 seconds");
	expect_error("receipts \"never\"\n",
		     ":5:10: found \"never\", expected one of: at once, daily, trouble");
	expect_error("{ }\n", ":5:1: found {, expected a setting");
	expect_error("sms \"é\" \"\"\n",
		     ":5:9: found \"\", expected a setting or the end of the line");
}

/* These were accepted silently: as 0, as another number, as no permissions at all. */
static void
values_that_cannot_be_meant_are_errors(void **state)
{
	(void)state;
	expect_error("pickup tries 0\n", ":5:14: found 0, expected 1 to 100 for pickup tries");
	expect_error("limit recipients 0\n", "expected 1 to 1000000 for limit recipients");
	expect_error("limit message 0 MB\n", "for limit message");
	expect_error("courier workers 0\n", "expected 1 to 1000");
	expect_error("database connections 1\n", "expected 2 to 10000");
	expect_error("limit message 12345678901234567890123\n",
		     ":5:15: found a number of more than 18 digits");
	expect_error("limit message 99999999999999 GiB\n", "expected 1 to 100000000000 bytes");
	expect_error("limit field 60 kB\n", "expected 1000 to 59000 bytes");
	expect_error(
		"milter mode \"rw-rw----\"\n",
		":5:13: found \"rw-rw----\", expected octal digits in quotes such as \"0660\" for milter mode");
	expect_error("milter mode \"0999\"\n", "expected octal digits");
	expect_error("milter mode \"\"\n", "expected octal digits");
	expect_error(
		"summary at \"24:00\"\n",
		":5:12: found \"24:00\", expected a time of day in quotes such as \"07:00\" for "
		"summary at");
	expect_error("summary at \"7:60\"\n", "expected a time of day");
	expect_error("summary at \"7:5\"\n", "expected a time of day");
	expect_error("summary at \"7\"\n", "expected a time of day");
	expect_error("summary at \"07:00:00\"\n", "expected a time of day");
	expect_error("summary at \"\"\n", "expected a time of day");
	expect_error("summary at 7\n", "expected a time of day");
}

/* --- the manual --- */

/* The paragraph about a setting: from the last .It that names it to the next. */
static char *
paragraph_of(const char *manual, const char *name)
{
	g_autofree char *item = g_strdup_printf("\n.It Cm %s Ar ", name);
	const char *at = strstr(strstr(manual, "\n.Ss Settings\n"), item), *next, *end;

	if (at == NULL)
		return NULL;
	end = strchr(at + 1, '\n');
	while (g_str_has_prefix(end, "\n.It "))
		end = strchr(end + 1, '\n');
	next = strstr(end, "\n.It ");
	return g_strndup(at, next == NULL ? strcspn(end, "\0") + (size_t)(end - at)
					  : (size_t)(next - at));
}

/* The words as a reader sees them. */
static char *
words_of(const char *paragraph)
{
	g_autoptr(GRegex) macro =
		g_regex_new("^\\.(It Cm|[A-Z][a-z]) ", G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GRegex) blanks = g_regex_new("[ \\n]+", 0, 0, NULL);
	g_autofree char *bare = g_regex_replace_literal(macro, paragraph, -1, 0, "", 0, NULL);

	return g_regex_replace_literal(blanks, bare, -1, 0, " ", 0, NULL);
}

static void
every_setting_is_in_the_manual_with_its_default(void **state)
{
	g_autofree char *manual = NULL;

	(void)state;
	assert_true(
		g_file_get_contents(SOURCE_DIRECTORY "/man/postseal.conf.5", &manual, NULL, NULL));
	for (const struct setting *s = setting_all(); s->field != NULL; s++) {
		g_autofree char *name = setting_name(s);
		g_autofree char *paragraph = paragraph_of(manual, name);
		g_autofree char *words = paragraph == NULL ? NULL : words_of(paragraph);
		g_autofree char *wanted = s->standard == NULL ? NULL
					  : *s->standard == '\0'
						  ? g_strdup("Default: ")
						  : g_strdup_printf("Default: %s", s->standard);

		if (words == NULL)
			fail_msg("postseal.conf(5) does not tell of %s", name);
		if (wanted != NULL && strstr(words, wanted) == NULL)
			fail_msg("postseal.conf(5) does not say “%s” of %s: %s", wanted, name,
				 words);
		if (wanted == NULL && strstr(words, "Default: ") != NULL)
			fail_msg("postseal.conf(5) says a default of %s, which has none", name);
	}
}

static bool
is_setting(const char *name)
{
	for (const struct setting *s = setting_all(); s->field != NULL; s++) {
		g_autofree char *known = setting_name(s);

		if (strcmp(known, name) == 0)
			return true;
	}
	return false;
}

static void
the_manual_tells_of_no_other_setting(void **state)
{
	g_autofree char *manual = NULL;
	g_auto(GStrv) lines = NULL;
	const char *settings;

	(void)state;
	assert_true(
		g_file_get_contents(SOURCE_DIRECTORY "/man/postseal.conf.5", &manual, NULL, NULL));
	settings = strstr(manual, "\n.Ss Settings\n");
	assert_non_null(settings);
	lines = g_strsplit(settings, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *name = NULL;

		if (!g_str_has_prefix(*line, ".It Cm "))
			continue;
		name = g_strndup(*line + 7, strcspn(*line + 7, "\n"));
		*strstr(name, " Ar ") = '\0';
		if (!is_setting(name))
			fail_msg("postseal.conf(5) tells of %s, which there is not", name);
	}
}

/* --- changes that need a restart --- */

static void
changes_that_need_a_restart_are_named(void **state)
{
	g_autoptr(settings_auto) before = good("");
	g_autoptr(settings_auto) now = good(
		"milter listen \"inet:8891@localhost\" mode \"0666\"\nportal proxies { \"10.0.0.1\" }\n"
		"sms \"/bin/true\"\nlimit message 1 MB\ncourier workers 5\nreceipts \"daily\"\n");
	g_autofree char *milter = restart_settings(before, now, "milter");
	g_autofree char *courier = restart_settings(before, now, "courier");
	g_autofree char *portal = restart_settings(before, now, "portal");

	(void)state;
	assert_string_equal(milter, "milter listen, milter mode");
	assert_string_equal(courier, "courier workers, receipts, sms");
	assert_string_equal(portal, "portal proxies, limit message, receipts");
	assert_null(restart_settings(before, now, "keeper"));
	assert_null(restart_settings(before, before, "milter"));
}

/* What the manual lists for a program: ".Cm a , b ,", on one or more lines. Returns "a, b". */
static char *
names_in_manual(const char *manual, const char *program)
{
	g_autofree char *item = g_strdup_printf("\n.It Nm postseal-%s\n", program);
	const char *at = strstr(strstr(manual, "\n.Ss Changes that need a restart\n"), item);
	g_autoptr(GString) names = g_string_new(NULL);

	assert_non_null(at);
	for (at += strlen(item); g_str_has_prefix(at, ".Cm "); at = strchr(at, '\n') + 1)
		g_string_append_len(names, at + 4, (gssize)strcspn(at + 4, "\n") + 1);
	g_string_replace(names, "\n", " ", 0);
	g_string_replace(names, " ,", ",", 0);
	return g_strdup(g_strstrip(names->str));
}

static void
the_manual_names_what_needs_a_restart(void **state)
{
	static const char *const programs[] = {"milter", "courier", "keeper",	 "finder",
					       "portal", "pop",	    "submission"};
	g_autofree char *manual = NULL;

	(void)state;
	assert_true(
		g_file_get_contents(SOURCE_DIRECTORY "/man/postseal.conf.5", &manual, NULL, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		g_autofree char *told = names_in_manual(manual, programs[i]);
		g_autofree char *meant = restart_needed_by(programs[i]);

		assert_string_equal(told, meant);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_take_their_values),
		cmocka_unit_test(domain_in_its_own_script_was_another_one),
		cmocka_unit_test(words_keep_their_order_and_the_line_goes_on),
		cmocka_unit_test(defaults_are_those_of_the_table),
		cmocka_unit_test(errors_of_rules_are_not_those_of_settings),
		cmocka_unit_test(wrong_settings_are_errors_with_their_place),
		cmocka_unit_test(values_that_cannot_be_meant_are_errors),
		cmocka_unit_test(every_setting_is_in_the_manual_with_its_default),
		cmocka_unit_test(the_manual_tells_of_no_other_setting),
		cmocka_unit_test(directories_have_settings_of_their_own),
		cmocka_unit_test(wrong_directories_are_errors_with_their_place),
		cmocka_unit_test(changes_that_need_a_restart_are_named),
		cmocka_unit_test(the_manual_names_what_needs_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
