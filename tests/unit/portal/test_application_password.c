/* Application passwords: what the database is given, and what it takes to open it again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "portal/application_password.h"

/* --- a table of one row, in the place of the database --- */

static struct {
	char id[64];
	unsigned char digest[SEAL_DIGEST_BYTES], wrapped[SEAL_WRAPPED_BYTES];
	char name[128];
} row;

bool __wrap_batch_add(struct connection *connection, const struct statement *statement,
		      const struct parameters *parameters, struct fault *fault);
bool
__wrap_batch_add(struct connection *connection, const struct statement *statement,
		 const struct parameters *parameters, struct fault *fault)
{
	(void)connection, (void)fault;
	assert_string_equal(statement->name, "application_password_put");
	g_strlcpy(row.id, parameters->values[0], sizeof row.id);
	assert_int_equal(parameters->lengths[2], sizeof row.digest);
	memcpy(row.digest, parameters->values[2], sizeof row.digest);
	assert_int_equal(parameters->lengths[3], sizeof row.wrapped);
	memcpy(row.wrapped, parameters->values[3], sizeof row.wrapped);
	g_strlcpy(row.name, parameters->values[4], sizeof row.name);
	return true;
}

static const char account_id[] = "01900000-0000-7000-8000-000000000001";

static void
put(PGresult *result, int column, const char *text)
{
	PQsetvalue(result, 0, column, (char *)text, (int)strlen(text));
}

static void
put_bytes(PGresult *result, int column, const unsigned char *bytes, size_t length)
{
	g_autofree char *hex = g_malloc(2 * length + 3);

	strcpy(hex, "\\x");
	sodium_bin2hex(hex + 2, 2 * length + 1, bytes, length);
	put(result, column, hex);
}

static PGresult *
found_row(void)
{
	static char name[] = "c";
	static const unsigned char public_key[SEAL_KEY_BYTES];
	PGresAttDesc columns[ACCOUNT_COLUMN_COUNT + 3] = {0};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
		columns[i].name = name;
	PQsetResultAttrs(result, G_N_ELEMENTS(columns), columns);
	put(result, 0, account_id);
	put(result, 1, "a@example.com");
	put(result, 2, "A@example.com");
	put(result, 3, "en");
	put_bytes(result, 4, public_key, sizeof public_key);
	put(result, 5, "f");
	put(result, 6, "f");
	put(result, ACCOUNT_COLUMN_COUNT, row.id);
	put_bytes(result, ACCOUNT_COLUMN_COUNT + 1, row.wrapped, sizeof row.wrapped);
	put(result, ACCOUNT_COLUMN_COUNT + 2, row.name);
	return result;
}

bool __wrap_connection_execute(struct connection *connection, const struct statement *statement,
			       const struct parameters *parameters, PGresult **result_r,
			       struct fault *fault);
bool
__wrap_connection_execute(struct connection *connection, const struct statement *statement,
			  const struct parameters *parameters, PGresult **result_r,
			  struct fault *fault)
{
	(void)connection, (void)fault;
	if (strcmp(statement->name, "application_password_used") == 0)
		return true;
	assert_string_equal(statement->name, "application_password_by_digest");
	*result_r = memcmp(parameters->values[0], row.digest, sizeof row.digest) == 0 &&
				    strcmp(parameters->values[1], "a@example.com") == 0
			    ? found_row()
			    : PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	return true;
}

/* --- */

static struct account_keys keys;

static void
make(char text_r[APPLICATION_PASSWORD_CHARACTERS + 1])
{
	struct account account = {0};
	struct seal_key secret;
	struct fault fault;

	g_strlcpy(account.id.text, account_id, sizeof account.id.text);
	randombytes_buf(secret.bytes, sizeof secret.bytes);
	account_keys_make(&keys, &secret);
	assert_true(application_password_make(NULL, &account, &keys, "Mail", text_r, &fault));
}

static bool
opens(const char *address, const char *typed)
{
	struct application_entry entry;
	struct fault fault;
	bool right;

	assert_true(application_password_enter(NULL, address, typed, &entry, &right, &fault));
	if (right) {
		assert_memory_equal(&entry.keys, &keys, sizeof keys);
		assert_string_equal(entry.name, "Mail");
		assert_string_equal(entry.account.address, "a@example.com");
	}
	application_entry_clear(&entry);
	return right;
}

static void
password_opens_the_account_however_it_is_typed(void **state)
{
	char text[APPLICATION_PASSWORD_CHARACTERS + 1];
	g_autofree char *lower = NULL;
	g_auto(GStrv) groups = NULL;
	g_autofree char *together = NULL;

	(void)state;
	make(text);
	assert_int_equal(strlen(text), 23);
	lower = g_ascii_strdown(text, -1);
	groups = g_strsplit(text, "-", -1);
	together = g_strjoinv("", groups);
	assert_true(opens("a@example.com", text));
	assert_true(opens("a@example.com", lower));
	assert_true(opens("a@example.com", together));
	assert_false(opens("b@example.com", text));
	text[0] = text[0] == '7' ? '8' : '7';
	assert_false(opens("a@example.com", text));
	assert_false(opens("a@example.com", ""));
}

static void
digest_and_wrapping_key_are_different(void **state)
{
	char text[APPLICATION_PASSWORD_CHARACTERS + 1];
	struct seal_key from_database, secret;

	(void)state;
	make(text);
	memcpy(from_database.bytes, row.digest, sizeof from_database.bytes);
	assert_false(seal_unwrap(&secret, row.wrapped, sizeof row.wrapped, &from_database, row.id));
}

static void
damaged_row_opens_nothing(void **state)
{
	char text[APPLICATION_PASSWORD_CHARACTERS + 1];
	struct application_entry entry;
	struct fault fault;
	bool right;

	(void)state;
	make(text);
	row.wrapped[SEAL_WRAPPED_BYTES - 1] ^= 1;
	assert_false(
		application_password_enter(NULL, "a@example.com", text, &entry, &right, &fault));
	assert_int_equal(fault.cause, FAULT_BUG);
	application_entry_clear(&entry);
}

static void
name_is_one_line(void **state)
{
	static const struct {
		const char *typed, *wanted;
	} cases[] = {{" Mail\r\nX: y ", "Mail  X: y"},
		     {"", "-"},
		     {" \n", "-"},
		     {"\xff", "\xef\xbf\xbd"}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = application_password_name(cases[i].typed);

		assert_string_equal(name, cases[i].wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(password_opens_the_account_however_it_is_typed),
		cmocka_unit_test(digest_and_wrapping_key_are_different),
		cmocka_unit_test(damaged_row_opens_nothing),
		cmocka_unit_test(name_is_one_line),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
