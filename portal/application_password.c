#include "portal/application_password.h"

#include <string.h>

/* Columns after those of the account. */
enum { ID = ACCOUNT_COLUMN_COUNT, WRAPPED, NAME };

static const struct statement list_all = {
	"application_passwords",
	"select id, name, extract(epoch from made_at)::bigint,"
	" coalesce(extract(epoch from used_at)::bigint, 0), network "
	"from postseal.application_password where account = $1 order by made_at, id"};

static const struct statement put_one = {
	"application_password_put",
	"insert into postseal.application_password (id, account, digest, wrapped, name) "
	"values ($1, $2, $3, $4, $5)"};

static const struct statement drop = {
	"application_password_drop",
	"delete from postseal.application_password where account = $1 and id = coalesce($2::uuid, id)"};

static const struct statement by_digest = {
	"application_password_by_digest",
	"select " ACCOUNT_COLUMNS ", w.id, w.wrapped, w.name from postseal.application_password w"
	" join postseal.account a on a.id = w.account where w.digest = $1 and a.address = $2"};

static const struct statement its_account = {
	"application_password_account",
	"select " ACCOUNT_COLUMNS " from postseal.application_password w"
	" join postseal.account a on a.id = w.account where w.id = $1 and a.address = $2"};

/* Clients that look for mail every few seconds need not write each time. */
static const struct statement note_use = {
	"application_password_used",
	"update postseal.application_password set used_at = now(), network = $2 where id = $1 and "
	"(used_at is null or used_at < now() - interval '1 minute' or network is distinct from $2)"};

static const struct statement still_there = {
	"application_password_there", "select 1 from postseal.application_password where id = $1"};

/* --- the list --- */

static void
password_free(void *data)
{
	struct application_password *password = data;

	g_free(password->name);
	g_free(password->network);
	g_free(password);
}

GPtrArray *
application_password_all(struct connection *connection, const struct account *account,
			 struct fault *fault)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(password_free);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, account->id.text);
	if (!connection_execute(connection, &list_all, &parameters, &result, fault))
		return NULL;
	for (int row = 0; row < PQntuples(result); row++) {
		struct application_password *password = g_new0(struct application_password, 1);

		identifier_parse(&password->id, PQgetvalue(result, row, 0));
		password->name = g_strdup(PQgetvalue(result, row, 1));
		password->made_at = result_number(result, row, 2);
		password->used_at = result_number(result, row, 3);
		password->network = g_strdup(result_text(result, row, 4));
		g_ptr_array_add(all, password);
	}
	return g_steal_pointer(&all);
}

const struct application_password *
application_password_find(const GPtrArray *passwords, const char *id)
{
	for (guint i = 0; i < passwords->len; i++) {
		const struct application_password *password = g_ptr_array_index(passwords, i);

		if (strcmp(password->id.text, id) == 0)
			return password;
	}
	return NULL;
}

/* --- keys --- */

/* What the database finds it by, and what wraps the account's secret. */
struct derived {
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct seal_key wrapping;
};

/* It has 100 bits of chance, so that a derivation that takes time would add nothing. */
static void
derive(struct derived *derived_r, const char text[APPLICATION_PASSWORD_CHARACTERS + 1])
{
	static const char purpose[] = "application password";
	static const char context[crypto_kdf_CONTEXTBYTES] = "app pass";
	struct seal_key key;

	crypto_generichash(key.bytes, sizeof key.bytes, (const unsigned char *)text, strlen(text),
			   (const unsigned char *)purpose, sizeof purpose);
	seal_key_digest(derived_r->digest, &key, purpose);
	crypto_kdf_derive_from_key(derived_r->wrapping.bytes, SEAL_KEY_BYTES, 1, context,
				   key.bytes);
	sodium_memzero(&key, sizeof key);
}

/* --- making and revoking --- */

char *
application_password_name(const char *typed)
{
	g_autofree char *valid = g_utf8_make_valid(typed, -1);
	g_autofree char *name = g_utf8_substring(
		valid, 0, MIN(g_utf8_strlen(valid, -1), (glong)APPLICATION_PASSWORD_NAME_MAX));

	for (char *c = name; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	g_strstrip(name);
	return g_strdup(*name == '\0' ? "-" : name);
}

bool
application_password_make(struct connection *connection, const struct account *account,
			  const struct account_keys *keys, const char *name,
			  char text_r[APPLICATION_PASSWORD_CHARACTERS + 1], struct fault *fault)
{
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	struct parameters parameters = {0};
	struct derived derived;
	struct identifier id;

	identifier_make(&id);
	long_code_make(text_r, APPLICATION_PASSWORD_GROUPS);
	derive(&derived, text_r);
	seal_wrap(wrapped, &keys->secret, &derived.wrapping, id.text);
	sodium_memzero(&derived.wrapping, sizeof derived.wrapping);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, account->id.text);
	parameters_bytes(&parameters, derived.digest, sizeof derived.digest);
	parameters_bytes(&parameters, wrapped, sizeof wrapped);
	parameters_text(&parameters, name);
	return batch_add(connection, &put_one, &parameters, fault);
}

bool
application_password_revoke(struct connection *connection, const struct account *account,
			    const char *id, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, account->id.text);
	parameters_text(&parameters, id);
	return batch_add(connection, &drop, &parameters, fault);
}

/* --- signing in --- */

bool
application_password_note_use(struct connection *connection, const struct application_entry *entry,
			      const char *network, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, entry->password.text);
	parameters_text(&parameters, network);
	return connection_execute(connection, &note_use, &parameters, NULL, fault);
}

static bool
open_account(const PGresult *result, const struct seal_key *wrapping,
	     struct application_entry *entry, struct fault *fault)
{
	struct seal_key secret;
	size_t length;
	g_autofree unsigned char *wrapped = result_bytes(result, 0, WRAPPED, &length);

	if (!identifier_parse(&entry->password, PQgetvalue(result, 0, ID)) ||
	    !seal_unwrap(&secret, wrapped, length, wrapping, entry->password.text))
		return fault_set(fault, FAULT_BUG,
				 "opening an account with the application password %s: its row is "
				 "damaged",
				 PQgetvalue(result, 0, ID));
	account_keys_make(&entry->keys, &secret);
	sodium_memzero(&secret, sizeof secret);
	entry->name = g_strdup(PQgetvalue(result, 0, NAME));
	return account_read(result, 0, &entry->account, fault);
}

void
application_entry_clear(struct application_entry *entry)
{
	account_clear(&entry->account);
	g_free(entry->name);
	sodium_memzero(entry, sizeof *entry);
}

static bool
find(struct connection *connection, const struct derived *derived, const char *address,
     PGresult **result_r, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_bytes(&parameters, derived->digest, sizeof derived->digest);
	parameters_text(&parameters, address);
	return connection_execute(connection, &by_digest, &parameters, result_r, fault);
}

bool
application_password_enter(struct connection *connection, const char *address, const char *typed,
			   struct application_entry *entry_r, bool *right_r, struct fault *fault)
{
	char text[APPLICATION_PASSWORD_CHARACTERS + 1];
	g_autoptr(PGresult) result = NULL;
	struct derived derived;
	bool done;

	*entry_r = (struct application_entry){0};
	long_code_read(text, APPLICATION_PASSWORD_GROUPS, typed);
	derive(&derived, text);
	sodium_memzero(text, sizeof text);
	done = find(connection, &derived, address, &result, fault);
	*right_r = done && PQntuples(result) == 1;
	if (*right_r)
		done = open_account(result, &derived.wrapping, entry_r, fault);
	sodium_memzero(&derived, sizeof derived);
	return done;
}

bool
application_password_account(struct connection *connection, const struct identifier *password,
			     const char *address, struct account *account_r, bool *found_r,
			     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*account_r = (struct account){0};
	parameters_text(&parameters, password->text);
	parameters_text(&parameters, address);
	if (!connection_execute(connection, &its_account, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	return !*found_r || account_read(result, 0, account_r, fault);
}

bool
application_password_is_valid(struct connection *connection, const struct application_entry *entry,
			      bool *valid_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, entry->password.text);
	if (!connection_execute(connection, &still_there, &parameters, &result, fault))
		return false;
	*valid_r = PQntuples(result) == 1;
	return true;
}
