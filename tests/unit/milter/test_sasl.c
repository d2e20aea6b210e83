/*
 * Dovecot's protocol for authentication clients, as Postfix speaks it: lines taken apart, and what
 * is answered, with an application password that is made up in the place of the database's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "milter/member_login.h"
#include "milter/submission/sasl_dialogue.h"
#include "portal/application_signin.h"
#include "tests/unit/guarded_text.h"

#define PASSWORD_ID	"01900000-0000-7000-8000-000000000001"
#define WITHOUT_ADDRESS "member:" PASSWORD_ID

static struct {
	unsigned tries;
	char *network;
	bool is_down;
	enum application_outcome otherwise;
} made = {.otherwise = APPLICATION_WRONG};

bool __wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			       struct application_entry *entry_r,
			       enum application_outcome *outcome_r, struct fault *fault);
bool
__wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			  struct application_entry *entry_r, enum application_outcome *outcome_r,
			  struct fault *fault)
{
	bool is_right = strcmp(attempt->user, "a@example.com") == 0 &&
			strcmp(attempt->password, "right") == 0;

	(void)database;
	made.tries++;
	g_free(made.network);
	made.network = g_strdup(attempt->network);
	*entry_r = (struct application_entry){0};
	if (made.is_down)
		return fault_set(fault, FAULT_DATABASE, "the database is down");
	*outcome_r = is_right ? APPLICATION_SIGNED_IN : made.otherwise;
	if (is_right) {
		entry_r->account.address = g_strdup("a@example.com");
		assert_true(identifier_parse(&entry_r->password, PASSWORD_ID));
	}
	return true;
}

/* --- lines --- */

static void
what_postfix_sends_is_taken_apart(void **state)
{
	g_autofree char *auth = g_strdup("AUTH\t7\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\t"
					 "rip=192.0.2.77\tsecured\tresp=AGEAYg==");
	g_autofree char *cont = g_strdup("CONT\t4294967295\tAGEAYg==");
	struct sasl_line line;

	(void)state;
	sasl_line_read(&line, auth);
	assert_int_equal(line.verb, SASL_AUTH);
	assert_true(line.is_well_formed && line.is_secured);
	assert_int_equal(line.number, 7);
	assert_string_equal(line.mechanism, "PLAIN");
	assert_string_equal(line.client, "192.0.2.77");
	assert_string_equal(line.response, "AGEAYg==");
	sasl_line_read(&line, cont);
	assert_int_equal(line.verb, SASL_CONT);
	assert_true(line.is_well_formed);
	assert_int_equal(line.number, 4294967295U);
	assert_string_equal(line.response, "AGEAYg==");
}

/* Each line at the end of its memory, so that reading past it is noticed. */
static void
a_line_without_what_it_needs_is_not_well_formed(void **state)
{
	static const char *const wrong[] = {
		"AUTH",		  "AUTH\t",	     "AUTH\t1",
		"AUTH\tx\tPLAIN", "AUTH\t-1\tPLAIN", "CONT",
		"CONT\t1",	  "CONT\t\t",	     "CONT\t4294967296\tAA==",
		"VERSION",	  "VERSION\t",	     "VERSION\t1.1",
		"CANCEL",	  "CANCEL\tone"};
	static const char *const right[] = {
		"",	     "CPID\t1",	       "\t\t",	  "VERSION\t1\t1", "CANCEL\t1",
		"CONT\t1\t", "AUTH\t1\tPLAIN", "auth\t1", "\xff\t\xfe"};
	struct sasl_line line;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		char *text = guarded_text(wrong[i]);

		assert_non_null(text);
		sasl_line_read(&line, text);
		if (line.is_well_formed)
			fail_msg("\"%s\" is taken for well formed", wrong[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
		char *text = guarded_text(right[i]);

		assert_non_null(text);
		sasl_line_read(&line, text);
		if (!line.is_well_formed)
			fail_msg("\"%s\" is not taken for well formed", right[i]);
	}
}

static void
only_tls_is_secured(void **state)
{
	static const struct {
		const char *parameter;
		bool is_secured;
	} cases[] = {{"secured", true},	  {"secured=tls", true},  {"secured=trusted", false},
		     {"secured=", false}, {"secure", false},	  {"no-secured", false},
		     {"SECURED", false},  {"resp=secured", false}};
	struct sasl_line line;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("AUTH\t1\tPLAIN\t", cases[i].parameter, NULL);

		sasl_line_read(&line, text);
		assert_int_equal(line.is_secured, cases[i].is_secured);
	}
}

/* --- the dialogue --- */

/* What is answered to the lines, which are separated by line feeds; caller frees. NULL: the
 * connection ends. */
static char *
answer_to(struct sasl_dialogue *dialogue, const char *lines)
{
	g_auto(GStrv) each = g_strsplit(lines, "\n", -1);
	GString *reply = g_string_new(NULL);

	for (char **line = each; *line != NULL; line++)
		if (!sasl_dialogue_take(dialogue, *line, reply)) {
			g_string_free(reply, TRUE);
			return NULL;
		}
	return g_string_free(reply, FALSE);
}

static void
expect(const char *lines, const char *wanted)
{
	struct sasl_dialogue dialogue = {0};
	g_autofree char *begun = answer_to(&dialogue, "VERSION\t1\t1\nCPID\t77");
	g_autofree char *reply = NULL;

	assert_string_equal(begun, "");
	reply = answer_to(&dialogue, lines);
	sasl_dialogue_clear(&dialogue);
	if (g_strcmp0(reply, wanted) != 0)
		fail_msg("\"%s\" is answered with \"%s\", not with \"%s\"", lines, reply, wanted);
}

static char *
base64(const char *text, size_t length)
{
	return g_base64_encode((const guchar *)text, length);
}

#define AUTH(mechanism) "AUTH\t3\t" mechanism "\tservice=smtp\tnologin\trip=192.0.2.77\tsecured"
static const char welcome[] = "OK\t3\tuser=member:" PASSWORD_ID ":a@example.com\n";
static const char right_plain[] = "\0a@example.com\0right",
		  wrong_plain[] = "\0a@example.com\0wrong";

static void
a_right_password_is_answered_with_a_login_of_members(void **state)
{
	g_autofree char *response = base64(right_plain, sizeof right_plain - 1);
	g_autofree char *at_once = g_strconcat(AUTH("PLAIN") "\tresp=", response, NULL);
	g_autofree char *asked = g_strconcat(AUTH("plain") "\nCONT\t3\t", response, NULL);
	g_autofree char *wanted = g_strconcat("CONT\t3\t\n", welcome, NULL);

	(void)state;
	expect(at_once, welcome);
	assert_string_equal(made.network, "192.0.2.0/24");
	expect(asked, wanted);
}

static void
login_asks_for_user_and_password(void **state)
{
	g_autofree char *user = base64("a@example.com", 13), *password = base64("right", 5);
	g_autofree char *asked =
		g_strconcat(AUTH("LOGIN") "\nCONT\t3\t", user, "\nCONT\t3\t", password, NULL);
	g_autofree char *with_user =
		g_strconcat(AUTH("LOGIN") "\tresp=", user, "\nCONT\t3\t", password, NULL);
	g_autofree char *both =
		g_strconcat("CONT\t3\tVXNlcm5hbWU6\nCONT\t3\tUGFzc3dvcmQ6\n", welcome, NULL);
	g_autofree char *one = g_strconcat("CONT\t3\tUGFzc3dvcmQ6\n", welcome, NULL);

	(void)state;
	expect(asked, both);
	expect(with_user, one);
}

static void
why_not_is_said(void **state)
{
	g_autofree char *response = base64(wrong_plain, sizeof wrong_plain - 1);
	g_autofree char *wrong = g_strconcat(AUTH("PLAIN") "\tresp=", response, NULL);

	(void)state;
	expect(wrong,
	       "FAIL\t3\treason=the address or the password is not correct; a mail program needs a "
	       "password of its own from the settings of the portal\n");
	made.otherwise = APPLICATION_TOO_OFTEN;
	expect(wrong, "FAIL\t3\treason=too many attempts; please wait 15 minutes\n");
	made.otherwise = APPLICATION_WITHOUT_FACTOR;
	expect(wrong,
	       "FAIL\t3\treason=please set up a second step in the portal's settings first\n");
	made.otherwise = APPLICATION_WRONG;
}

static void
without_tls_no_password_is_tried(void **state)
{
	g_autofree char *response = base64(right_plain, sizeof right_plain - 1);
	g_autofree char *attempt =
		g_strconcat("AUTH\t3\tPLAIN\tservice=smtp\trip=192.0.2.77\tresp=", response, NULL);
	const unsigned tries = made.tries;

	(void)state;
	expect(attempt, "FAIL\t3\treason=passwords are taken only over TLS\n");
	expect("AUTH\t3\tCRAM-MD5\tsecured",
	       "FAIL\t3\treason=the only mechanisms here are PLAIN and LOGIN\n");
	expect(AUTH("PLAIN") "\tresp=!",
	       "FAIL\t3\treason=this is no answer of the mechanism PLAIN\n");
	expect(AUTH("LOGIN") "\tresp=AA==",
	       "FAIL\t3\treason=this is no answer of the mechanism LOGIN\n");
	assert_int_equal(made.tries, tries);
}

/* Postfix would take a FAIL for a wrong password. */
static void
an_attempt_that_cannot_be_made_ends_the_connection(void **state)
{
	g_autofree char *response = base64(right_plain, sizeof right_plain - 1);
	g_autofree char *attempt = g_strconcat(AUTH("PLAIN") "\tresp=", response, NULL);

	(void)state;
	made.is_down = true;
	expect(attempt, NULL);
	made.is_down = false;
}

static void
a_response_belongs_to_the_request_that_waits(void **state)
{
	g_autofree char *response = base64(right_plain, sizeof right_plain - 1);
	g_autofree char *none = g_strconcat("CONT\t3\t", response, NULL);
	g_autofree char *other = g_strconcat(AUTH("PLAIN") "\nCONT\t4\t", response, NULL);
	g_autofree char *called_off =
		g_strconcat(AUTH("PLAIN") "\nCANCEL\t3\nCONT\t3\t", response, NULL);

	(void)state;
	expect(none, "FAIL\t3\treason=there is no such sign-in\n");
	expect(other, "CONT\t3\t\nFAIL\t4\treason=there is no such sign-in\n");
	expect(called_off, "CONT\t3\t\nFAIL\t3\treason=there is no such sign-in\n");
}

static void
whoever_speaks_something_else_is_cut_off(void **state)
{
	static const char *const wrong[] = {"VERSION\t2\t0", "AUTH\t1\tPLAIN\tsecured",
					    "CONT\t1\tAA==", "VERSION\tone"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct sasl_dialogue dialogue = {0};
		g_autofree char *reply = answer_to(&dialogue, wrong[i]);

		assert_null(reply);
		sasl_dialogue_clear(&dialogue);
	}
}

/* Postfix takes SPID before MECH for the socket of another service. */
static void
the_mechanisms_come_before_the_process(void **state)
{
	g_autoptr(GString) greeting = g_string_new(NULL);

	(void)state;
	sasl_dialogue_greet(1, greeting);
	assert_true(g_str_has_prefix(greeting->str,
				     "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\t"
				     "plaintext\nSPID\t"));
	assert_true(g_str_has_suffix(greeting->str, "\nDONE\n"));
}

/* --- logins --- */

static void
a_login_says_who_and_with_which_password(void **state)
{
	static const char *const others[] = {"anna@example.com", "member",
					     "members:" PASSWORD_ID ":a@example.com", "",
					     "Member:"};
	static const char *const broken[] = {"member:", "member:a@example.com",
					     "member::", WITHOUT_ADDRESS};
	struct identifier password, read;
	const char *address;
	g_autofree char *login = NULL;

	(void)state;
	assert_true(identifier_parse(&password, PASSWORD_ID));
	login = member_login_make(&password, "a:b@example.com");
	assert_true(member_login_read(login, &read, &address));
	assert_string_equal(read.text, PASSWORD_ID);
	assert_string_equal(address, "a:b@example.com");
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		assert_false(member_login_is(others[i]));
		assert_false(member_login_read(others[i], &read, &address));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		assert_true(member_login_is(broken[i]));
		assert_false(member_login_read(broken[i], &read, &address));
	}
	assert_false(member_login_is(NULL));
	assert_false(member_login_read(NULL, &read, &address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_postfix_sends_is_taken_apart),
		cmocka_unit_test(a_line_without_what_it_needs_is_not_well_formed),
		cmocka_unit_test(only_tls_is_secured),
		cmocka_unit_test(a_right_password_is_answered_with_a_login_of_members),
		cmocka_unit_test(login_asks_for_user_and_password),
		cmocka_unit_test(why_not_is_said),
		cmocka_unit_test(without_tls_no_password_is_tried),
		cmocka_unit_test(an_attempt_that_cannot_be_made_ends_the_connection),
		cmocka_unit_test(a_response_belongs_to_the_request_that_waits),
		cmocka_unit_test(whoever_speaks_something_else_is_cut_off),
		cmocka_unit_test(the_mechanisms_come_before_the_process),
		cmocka_unit_test(a_login_says_who_and_with_which_password),
	};
	int status;

	if (sodium_init() < 0)
		return 1;
	status = cmocka_run_group_tests(tests, NULL, NULL);
	g_free(made.network);
	return status;
}
