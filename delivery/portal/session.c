#include "delivery/portal/session.h"

#include <string.h>

#include "audit/audit.h"
#include "delivery/notice.h"

enum { COOKIE_HASH_BYTES = 32 };

/* A try is counted before it is made: however many come at once, no more are made than allowed. */
static const struct statement try_take = {
	"portal_try",
	"update postseal.parcel_key set tries = tries + 1 "
	"where id = $1 and locked_at is null and tries < $2 returning tries"};

static const struct statement try_reset = {
	"portal_try_reset",
	"update postseal.parcel_key set tries = 0, opened_at = coalesce(opened_at, now()) where id = $1"};

static const struct statement key_lock = {
	"portal_lock", "update postseal.parcel_key set locked_at = now() where id = $1"};

static const struct statement session_put = {
	"portal_session_put",
	"insert into postseal.portal_session (cookie_hash, parcel_key, wrapped, expires_at) "
	"values ($1, $2, $3, now() + $4 * interval '1 second')"};

static const struct statement session_by_cookie = {
	"portal_session",
	"select s.wrapped, k.parcel from postseal.portal_session s"
	" join postseal.parcel_key k on k.id = s.parcel_key "
	"where s.cookie_hash = $1 and s.expires_at > now() and k.expires_at > now()"};

static const struct statement session_delete = {
	"portal_session_delete", "delete from postseal.portal_session where cookie_hash = $1"};

static const struct statement message_of_copy = {
	"portal_message_of_copy", "select message from postseal.copy where id = $1"};

/* --- cookies --- */

static bool
read_cookie(const char *cookie, struct seal_key *secret_r)
{
	size_t length;

	return strlen(cookie) == SESSION_COOKIE_CHARACTERS &&
	       sodium_base642bin(secret_r->bytes, SEAL_KEY_BYTES, cookie, SESSION_COOKIE_CHARACTERS, NULL,
				 &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       length == SEAL_KEY_BYTES;
}

static void
hash_cookie(const struct seal_key *secret, unsigned char hash_r[COOKIE_HASH_BYTES])
{
	static const unsigned char purpose[] = "postseal cookie";

	crypto_generichash(hash_r, COOKIE_HASH_BYTES, secret->bytes, SEAL_KEY_BYTES, purpose, sizeof purpose);
}

/* --- unlocking --- */

static bool
put_session(const struct session_context *context, struct connection *connection,
	    const struct parcel_key *key, const struct seal_key *content,
	    char cookie_r[SESSION_COOKIE_CHARACTERS + 1], struct fault *fault)
{
	struct parameters session = {0}, id = {0};
	struct seal_key secret;
	unsigned char hash[COOKIE_HASH_BYTES], wrapped[SEAL_WRAPPED_BYTES];

	randombytes_buf(secret.bytes, sizeof secret.bytes);
	sodium_bin2base64(cookie_r, SESSION_COOKIE_CHARACTERS + 1, secret.bytes, SEAL_KEY_BYTES,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	hash_cookie(&secret, hash);
	seal_wrap(wrapped, content, &secret, "session");
	sodium_memzero(&secret, sizeof secret);
	parameters_bytes(&session, hash, sizeof hash);
	parameters_text(&session, key->id.text);
	parameters_bytes(&session, wrapped, sizeof wrapped);
	parameters_number(&session, (int64_t)context->settings->session_seconds);
	parameters_text(&id, key->id.text);
	return batch_begin(connection, fault) && batch_add(connection, &session_put, &session, fault) &&
	       batch_add(connection, &try_reset, &id, fault) &&
	       audit_move_copy(connection, key->copy.text, "opened", "link and unlock code", fault) &&
	       batch_commit(connection, fault);
}

static bool
find_message(struct connection *connection, const struct parcel_key *key, struct identifier *message_r,
	     struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, key->copy.text);
	return connection_execute(connection, &message_of_copy, &parameters, &result, fault) &&
	       ((PQntuples(result) == 1 && identifier_parse(message_r, PQgetvalue(result, 0, 0))) ||
		fault_set(fault, FAULT_BUG, "looking for the message of a copy"));
}

/* The last allowed try was wrong: the message is locked, and its sender is told. */
static bool
lock(const struct session_context *context, struct connection *connection,
     const struct parcel_key *key, struct fault *fault)
{
	struct parameters id = {0};
	struct identifier message;
	const struct notice notice = {.settings = context->settings, .courier = context->courier,
				      .connection = connection, .message = message.text,
				      .sender = key->sender,
				      .smtputf8 = !g_str_is_ascii(key->sender)};

	parameters_text(&id, key->id.text);
	return find_message(connection, key, &message, fault) && batch_begin(connection, fault) &&
	       batch_add(connection, &key_lock, &id, fault) &&
	       audit_move_copy(connection, key->copy.text, "locked", "too many wrong unlock codes", fault) &&
	       notice_locked(&notice, key->recipient, fault) && batch_commit(connection, fault);
}

static bool
take_try(const struct session_context *context, struct connection *connection,
	 const struct parcel_key *key, unsigned *tries_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*tries_r = 0;
	parameters_text(&parameters, key->id.text);
	parameters_number(&parameters, (int64_t)context->settings->code_tries);
	if (!connection_execute(connection, &try_take, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1)
		*tries_r = (unsigned)result_number(result, 0, 0);
	return true;
}

static bool
try_key(const struct session_context *context, struct connection *connection,
	const struct parcel_key *key, const char *link, const struct code *code,
	char cookie_r[SESSION_COOKIE_CHARACTERS + 1], enum unlock_result *result_r,
	unsigned *tries_left_r, struct fault *fault)
{
	unsigned allowed = (unsigned)context->settings->code_tries, tries;
	struct seal_key content;
	bool opened, done;

	*result_r = UNLOCK_LOCKED;
	if (!take_try(context, connection, key, &tries, fault))
		return false;
	if (tries == 0)
		return true;
	if (!parcel_unlock(key, link, code, &content, &opened, fault))
		return false;
	if (opened) {
		*result_r = UNLOCK_OPENED;
		done = put_session(context, connection, key, &content, cookie_r, fault);
		sodium_memzero(&content, sizeof content);
		return done;
	}
	*tries_left_r = allowed > tries ? allowed - tries : 0;
	if (*tries_left_r == 0)
		return lock(context, connection, key, fault);
	*result_r = UNLOCK_WRONG;
	return true;
}

bool
session_unlock(const struct session_context *context, const char *link, const char *typed,
	       char cookie_r[SESSION_COOKIE_CHARACTERS + 1], enum unlock_result *result_r,
	       unsigned *tries_left_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	struct parcel_key key = {0};
	struct code code;
	bool found, done;

	*tries_left_r = 0;
	*result_r = UNLOCK_MISTYPED;
	if (!code_read(&code, typed))
		return true;
	*result_r = UNLOCK_WRONG;
	connection = database_take(context->database, fault);
	if (connection == NULL || !parcel_find(connection, link, &key, &found, fault))
		return false;
	done = !found || try_key(context, connection, &key, link, &code, cookie_r, result_r, tries_left_r,
				 fault);
	parcel_key_clear(&key);
	sodium_memzero(&code, sizeof code);
	return done;
}

/* --- sessions that go on --- */

bool
session_find(const struct session_context *context, const char *cookie, struct session *session_r,
	     bool *found_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *wrapped = NULL;
	struct parameters parameters = {0};
	struct seal_key secret;
	unsigned char hash[COOKIE_HASH_BYTES];
	size_t length;

	*found_r = false;
	if (!read_cookie(cookie, &secret))
		return true;
	hash_cookie(&secret, hash);
	parameters_bytes(&parameters, hash, sizeof hash);
	connection = database_take(context->database, fault);
	if (connection == NULL ||
	    !connection_execute(connection, &session_by_cookie, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1) {
		wrapped = result_bytes(result, 0, 0, &length);
		*found_r = identifier_parse(&session_r->parcel, PQgetvalue(result, 0, 1)) &&
			   seal_unwrap(&session_r->content, wrapped, length, &secret, "session");
	}
	sodium_memzero(&secret, sizeof secret);
	return true;
}

bool
session_end(const struct session_context *context, const char *cookie, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	struct parameters parameters = {0};
	struct seal_key secret;
	unsigned char hash[COOKIE_HASH_BYTES];

	if (!read_cookie(cookie, &secret))
		return true;
	hash_cookie(&secret, hash);
	sodium_memzero(&secret, sizeof secret);
	parameters_bytes(&parameters, hash, sizeof hash);
	connection = database_take(context->database, fault);
	return connection != NULL &&
	       connection_execute(connection, &session_delete, &parameters, NULL, fault);
}
