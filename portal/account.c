#include "portal/account.h"

#include <glib.h>
#include <string.h>

#include "core/catalogue.h"
#include "mail/display_name.h"
#include "portal/long_code.h"

/* Columns after those of the account. */
enum { SALT = ACCOUNT_COLUMN_COUNT, WRAPPED };

static const struct statement account_by_address = {
	"account_by_address", "select " ACCOUNT_COLUMNS
			      ", a.salt, a.wrapped from postseal.account a where a.address = $1"};

static const struct statement account_to_recover = {
	"account_to_recover",
	"select " ACCOUNT_COLUMNS
	", a.recovery_salt, a.recovery_wrapped from postseal.account a where a.address = $1"};

static const struct statement account_put = {
	"account_put",
	"insert into postseal.account (id, address, shown, language, salt, wrapped, recovery_salt,"
	" recovery_wrapped, public_key) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};

/* Anything sealed with the old secret is lost; the senders are told. */
static const struct statement account_end = {"account_end",
					     "select postseal.account_end($1, 'its reader opened "
					     "the account again, without the password')"};

static const struct statement account_password = {
	"account_password", "update postseal.account set salt = $2, wrapped = $3 where id = $1"};

static const struct statement account_recovery = {
	"account_recovery",
	"update postseal.account set recovery_salt = $2, recovery_wrapped = $3 where id = $1"};

static const struct statement language_put = {
	"language_put", "update postseal.account set language = $2 where id = $1"};

void
account_clear(struct account *account)
{
	g_clear_pointer(&account->address, g_free);
	g_clear_pointer(&account->shown, g_free);
	g_clear_pointer(&account->name, g_free);
	g_clear_pointer(&account->language, g_free);
}

/* --- keys --- */

void
account_keys_make(struct account_keys *keys_r, const struct seal_key *secret)
{
	static const char context[crypto_kdf_CONTEXTBYTES] = "account";

	keys_r->secret = *secret;
	crypto_kdf_derive_from_key(keys_r->private_key.bytes, SEAL_KEY_BYTES, 1, context,
				   secret->bytes);
	crypto_kdf_derive_from_key(keys_r->mailbox.bytes, SEAL_KEY_BYTES, 2, context,
				   secret->bytes);
	crypto_kdf_derive_from_key(keys_r->factors.bytes, SEAL_KEY_BYTES, 3, context,
				   secret->bytes);
	crypto_kdf_derive_from_key(keys_r->index.bytes, SEAL_KEY_BYTES, 4, context, secret->bytes);
}

void
account_fingerprint(char text_r[ACCOUNT_FINGERPRINT_CHARACTERS + 1],
		    const struct seal_key *public_key)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, public_key->bytes, SEAL_KEY_BYTES);
	sodium_bin2hex(text_r, ACCOUNT_FINGERPRINT_CHARACTERS + 1, digest, sizeof digest);
}

/* --- the wrapped secret --- */

/* The wrapped secret, and the salt for the key that wraps it. */
struct locked {
	unsigned char salt[SEAL_SALT_BYTES];
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
};

static bool
lock_secret(struct locked *locked_r, const struct seal_key *secret, const char *password,
	    const char *address, struct fault *fault)
{
	struct seal_key wrapping;

	randombytes_buf(locked_r->salt, sizeof locked_r->salt);
	if (!seal_derive_password(&wrapping, password, locked_r->salt, fault))
		return false;
	seal_wrap(locked_r->wrapped, secret, &wrapping, address);
	sodium_memzero(&wrapping, sizeof wrapping);
	return true;
}

/* --- finding and opening --- */

/* One that was accepted before we knew better counts as not given. */
static char *
name_in(const PGresult *result, int column)
{
	const char *name = result_text(result, 0, column);

	return name != NULL && display_name_is_plain(name) ? g_strdup(name) : NULL;
}

bool
account_read(const PGresult *result, int first, struct account *account_r, struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *key = result_bytes(result, 0, first + 4, &length);

	if (!identifier_parse(&account_r->id, PQgetvalue(result, 0, first)) ||
	    length != SEAL_KEY_BYTES)
		return fault_set(fault, FAULT_BUG, "reading an account: its row is damaged");
	memcpy(account_r->public_key.bytes, key, SEAL_KEY_BYTES);
	account_r->address = g_strdup(PQgetvalue(result, 0, first + 1));
	account_r->shown = g_strdup(PQgetvalue(result, 0, first + 2));
	account_r->language = g_strdup(PQgetvalue(result, 0, first + 3));
	account_r->has_totp = result_flag(result, 0, first + 5);
	account_r->has_passkey = result_flag(result, 0, first + 6);
	account_r->name = name_in(result, first + 7);
	return true;
}

bool
account_find(struct connection *connection, const char *address, struct account *account_r,
	     bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*account_r = (struct account){0};
	parameters_text(&parameters, address);
	if (!connection_execute(connection, &account_by_address, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	return !*found_r || account_read(result, 0, account_r, fault);
}

/* Derives a key even if there is nothing to open, so that the time reveals nothing. */
static bool
open_secret(const PGresult *result, const char *address, const char *password,
	    struct seal_key *secret_r, bool *right_r, struct fault *fault)
{
	static const unsigned char nobody[SEAL_SALT_BYTES];
	bool found = PQntuples(result) == 1;
	size_t salt_length = 0, length = 0;
	g_autofree unsigned char *salt = found ? result_bytes(result, 0, SALT, &salt_length) : NULL;
	g_autofree unsigned char *wrapped =
		found ? result_bytes(result, 0, WRAPPED, &length) : NULL;
	struct seal_key wrapping;

	*right_r = false;
	if (!seal_derive_password(&wrapping, password,
				  salt_length == SEAL_SALT_BYTES ? salt : nobody, fault))
		return false;
	*right_r = found && seal_unwrap(secret_r, wrapped, length, &wrapping, address);
	sodium_memzero(&wrapping, sizeof wrapping);
	return true;
}

static bool
enter(struct connection *connection, const struct statement *statement, const char *address,
      const char *password, struct account *account_r, struct account_keys *keys_r, bool *right_r,
      struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct seal_key secret;

	*account_r = (struct account){0};
	parameters_text(&parameters, address);
	if (!connection_execute(connection, statement, &parameters, &result, fault) ||
	    !open_secret(result, address, password, &secret, right_r, fault))
		return false;
	if (!*right_r)
		return true;
	account_keys_make(keys_r, &secret);
	sodium_memzero(&secret, sizeof secret);
	return account_read(result, 0, account_r, fault);
}

bool
account_enter(struct connection *connection, const char *address, const char *password,
	      struct account *account_r, struct account_keys *keys_r, bool *right_r,
	      struct fault *fault)
{
	return enter(connection, &account_by_address, address, password, account_r, keys_r, right_r,
		     fault);
}

bool
account_recover(struct connection *connection, const char *address, const char *code,
		struct account *account_r, struct account_keys *keys_r, bool *right_r,
		struct fault *fault)
{
	char text[RECOVERY_CHARACTERS + 1];
	bool done;

	long_code_read(text, RECOVERY_GROUPS, code);
	done = enter(connection, &account_to_recover, address, text, account_r, keys_r, right_r,
		     fault);
	sodium_memzero(text, sizeof text);
	return done;
}

/* --- making and changing --- */

static bool
put_account(struct connection *connection, const struct account *account,
	    const struct locked *password, const struct locked *recovery, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, account->id.text);
	parameters_text(&parameters, account->address);
	parameters_text(&parameters, account->shown);
	parameters_text(&parameters, account->language);
	parameters_bytes(&parameters, password->salt, sizeof password->salt);
	parameters_bytes(&parameters, password->wrapped, sizeof password->wrapped);
	parameters_bytes(&parameters, recovery->salt, sizeof recovery->salt);
	parameters_bytes(&parameters, recovery->wrapped, sizeof recovery->wrapped);
	parameters_bytes(&parameters, account->public_key.bytes, SEAL_KEY_BYTES);
	return batch_add(connection, &account_put, &parameters, fault);
}

static bool
end_account(struct connection *connection, const char *address, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, address);
	return batch_add(connection, &account_end, &parameters, fault);
}

bool
account_create(struct connection *connection, const struct account_new *settings,
	       struct account *account_r, struct account_keys *keys_r,
	       char recovery_r[RECOVERY_CHARACTERS + 1], struct fault *fault)
{
	struct locked password, recovery;
	struct seal_key secret;

	*account_r = (struct account){.address = g_strdup(settings->address),
				      .shown = g_strdup(settings->shown),
				      .language = g_strdup(settings->language)};
	identifier_make(&account_r->id);
	randombytes_buf(secret.bytes, sizeof secret.bytes);
	account_keys_make(keys_r, &secret);
	sodium_memzero(&secret, sizeof secret);
	crypto_scalarmult_base(account_r->public_key.bytes, keys_r->private_key.bytes);
	long_code_make(recovery_r, RECOVERY_GROUPS);
	return lock_secret(&password, &keys_r->secret, settings->password, settings->address,
			   fault) &&
	       lock_secret(&recovery, &keys_r->secret, recovery_r, settings->address, fault) &&
	       (!settings->replaces || end_account(connection, settings->address, fault)) &&
	       put_account(connection, account_r, &password, &recovery, fault);
}

static bool
set_locked(struct connection *connection, const struct statement *statement,
	   const struct account *account, const struct account_keys *keys, const char *password,
	   struct fault *fault)
{
	struct parameters parameters = {0};
	struct locked locked;

	if (!lock_secret(&locked, &keys->secret, password, account->address, fault))
		return false;
	parameters_text(&parameters, account->id.text);
	parameters_bytes(&parameters, locked.salt, sizeof locked.salt);
	parameters_bytes(&parameters, locked.wrapped, sizeof locked.wrapped);
	return batch_add(connection, statement, &parameters, fault);
}

bool
account_set_password(struct connection *connection, const struct account *account,
		     const struct account_keys *keys, const char *password, struct fault *fault)
{
	return set_locked(connection, &account_password, account, keys, password, fault);
}

bool
account_set_recovery(struct connection *connection, const struct account *account,
		     const struct account_keys *keys, char recovery_r[RECOVERY_CHARACTERS + 1],
		     struct fault *fault)
{
	long_code_make(recovery_r, RECOVERY_GROUPS);
	return set_locked(connection, &account_recovery, account, keys, recovery_r, fault);
}

bool
account_put_language(struct connection *connection, const struct account *account,
		     struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, account->id.text);
	parameters_text(&parameters, account->language);
	return connection_execute(connection, &language_put, &parameters, NULL, fault);
}
