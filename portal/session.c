#include "portal/session.h"

#include <glib.h>
#include <string.h>

static const char cookie_purpose[] = "postseal cookie", wrapping_purpose[] = "session";

static const char *const state_names[] = {[SESSION_NONE] = "none",
					  [SESSION_GUEST] = "guest",
					  [SESSION_HALF] = "half",
					  [SESSION_MEMBER] = "member"};

static const struct statement session_by_cookie = {
	"session_by_cookie",
	"select s.id, s.state, s.wrapped, s.seen_at < now() - interval '1 minute',"
	" coalesce(s.confirmed_at > now() - interval '10 minutes', false), " ACCOUNT_COLUMNS
	" from postseal.portal_session s left join postseal.account a on a.id = s.account "
	"where s.cookie_hash = $1 and s.expires_at > now()"};

enum { ID, STATE, WRAPPED, WAS_LONG_AGO, IS_CONFIRMED, ACCOUNT };

static const struct statement session_seen = {"session_seen",
					      "update postseal.portal_session set seen_at = now(), "
					      "expires_at = now() + $2 * interval '1 second' "
					      "where id = $1 and state <> 'half'"};

static const struct statement session_put = {
	"session_put",
	"insert into postseal.portal_session (id, cookie_hash, state, account, wrapped, browser, "
	"network,"
	" expires_at, confirmed_at) values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 second',"
	" case when $9 then now() end)"};

static const struct statement session_put_key = {
	"session_put_key", "insert into postseal.session_key (session, parcel_key, wrapped) "
			   "select $1, k.id, $3 from postseal.parcel_key k where k.id = $2"};

static const struct statement session_delete = {
	"session_delete", "delete from postseal.portal_session where id = $1"};

static const struct statement session_delete_others = {
	"session_delete_others",
	"delete from postseal.portal_session where account = $1 and id is distinct from $2::uuid"};

static const struct statement session_keys = {
	"session_keys", "select parcel_key, wrapped from postseal.session_key where session = $1"};

void
session_clear(struct session *session)
{
	account_clear(&session->account);
	sodium_memzero(session, sizeof *session);
}

/* --- finding --- */

static enum session_state
state_of(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(state_names); i++)
		if (strcmp(state_names[i], name) == 0)
			return (enum session_state)i;
	return SESSION_NONE;
}

static bool
read_session(const PGresult *result, struct session *session_r, struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *wrapped = NULL;
	struct seal_key secret;
	bool opened;

	session_r->state = state_of(PQgetvalue(result, 0, STATE));
	session_r->is_confirmed = result_flag(result, 0, IS_CONFIRMED);
	if (!identifier_parse(&session_r->id, PQgetvalue(result, 0, ID)))
		return fault_set(fault, FAULT_BUG, "reading a session: its row is damaged");
	if (session_r->state == SESSION_GUEST)
		return true;
	wrapped = result_bytes(result, 0, WRAPPED, &length);
	opened = seal_unwrap(&secret, wrapped, length, &session_r->cookie, wrapping_purpose);
	if (opened)
		account_keys_make(&session_r->keys, &secret);
	sodium_memzero(&secret, sizeof secret);
	if (!opened)
		return fault_set(fault, FAULT_BUG, "reading a session: its row is damaged");
	return account_read(result, ACCOUNT, &session_r->account, fault);
}

static bool
note_seen(struct connection *connection, const struct session *session, uint64_t seconds,
	  struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, session->id.text);
	parameters_number(&parameters, (int64_t)seconds);
	return connection_execute(connection, &session_seen, &parameters, NULL, fault);
}

bool
session_find(struct connection *connection, const struct seal_key *cookie, uint64_t seconds,
	     struct session *session_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	unsigned char digest[SEAL_DIGEST_BYTES];

	*session_r = (struct session){.cookie = *cookie};
	seal_key_digest(digest, cookie, cookie_purpose);
	parameters_bytes(&parameters, digest, sizeof digest);
	if (!connection_execute(connection, &session_by_cookie, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	if (!read_session(result, session_r, fault))
		return false;
	return !result_flag(result, 0, WAS_LONG_AGO) ||
	       note_seen(connection, session_r, seconds, fault);
}

/* --- beginning and ending --- */

static bool
put_key(struct connection *connection, const struct session *session,
	const struct session_opened *opened, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char wrapped[SEAL_WRAPPED_BYTES];

	seal_wrap(wrapped, &opened->content, &session->cookie, opened->parcel_key.text);
	parameters_text(&parameters, session->id.text);
	parameters_text(&parameters, opened->parcel_key.text);
	parameters_bytes(&parameters, wrapped, sizeof wrapped);
	return batch_add(connection, &session_put_key, &parameters, fault);
}

static bool
put_session(struct connection *connection, const struct session *session,
	    const struct session_client *client, uint64_t seconds, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char digest[SEAL_DIGEST_BYTES], wrapped[SEAL_WRAPPED_BYTES];
	bool is_guest = session->state == SESSION_GUEST;

	seal_key_digest(digest, &session->cookie, cookie_purpose);
	parameters_text(&parameters, session->id.text);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_text(&parameters, state_names[session->state]);
	parameters_text(&parameters, is_guest ? NULL : session->account.id.text);
	if (is_guest) {
		parameters_text(&parameters, NULL);
	} else {
		seal_wrap(wrapped, &session->keys.secret, &session->cookie, wrapping_purpose);
		parameters_bytes(&parameters, wrapped, sizeof wrapped);
	}
	parameters_text(&parameters, client->browser);
	parameters_text(&parameters, client->network);
	parameters_number(&parameters, (int64_t)seconds);
	parameters_flag(&parameters, session->is_confirmed);
	return batch_add(connection, &session_put, &parameters, fault);
}

bool
session_end(struct connection *connection, const struct session *session, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, session->id.text);
	return batch_add(connection, &session_delete, &parameters, fault);
}

bool
session_end_others(struct connection *connection, const struct session *session,
		   struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, *session->id.text == '\0' ? NULL : session->id.text);
	return batch_add(connection, &session_delete_others, &parameters, fault);
}

bool
session_begin(struct connection *connection, struct session *session,
	      const struct session_client *client, uint64_t seconds, const GPtrArray *opened,
	      struct fault *fault)
{
	if (*session->id.text != '\0' && !session_end(connection, session, fault))
		return false;
	identifier_make(&session->id);
	randombytes_buf(session->cookie.bytes, SEAL_KEY_BYTES);
	if (!put_session(connection, session, client, seconds, fault))
		return false;
	for (guint i = 0; opened != NULL && i < opened->len; i++)
		if (!put_key(connection, session, g_ptr_array_index(opened, i), fault))
			return false;
	return true;
}

/* --- what was opened --- */

static void
opened_free(void *data)
{
	sodium_memzero(data, sizeof(struct session_opened));
	g_free(data);
}

void
session_add_opened(GPtrArray *opened, const struct identifier *parcel_key,
		   const struct seal_key *content)
{
	struct session_opened *one;

	for (guint i = 0; i < opened->len; i++) {
		one = g_ptr_array_index(opened, i);
		if (strcmp(one->parcel_key.text, parcel_key->text) == 0)
			return;
	}
	one = g_new(struct session_opened, 1);
	*one = (struct session_opened){*parcel_key, *content};
	g_ptr_array_add(opened, one);
}

GPtrArray *
session_opened(struct connection *connection, const struct session *session, struct fault *fault)
{
	g_autoptr(GPtrArray) opened = g_ptr_array_new_with_free_func(opened_free);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	if (*session->id.text == '\0')
		return g_steal_pointer(&opened);
	parameters_text(&parameters, session->id.text);
	if (!connection_execute(connection, &session_keys, &parameters, &result, fault))
		return NULL;
	for (int row = 0; row < PQntuples(result); row++) {
		struct session_opened one;
		size_t length;
		g_autofree unsigned char *wrapped = result_bytes(result, row, 1, &length);

		if (identifier_parse(&one.parcel_key, PQgetvalue(result, row, 0)) &&
		    seal_unwrap(&one.content, wrapped, length, &session->cookie,
				one.parcel_key.text))
			session_add_opened(opened, &one.parcel_key, &one.content);
		sodium_memzero(&one, sizeof one);
	}
	return g_steal_pointer(&opened);
}
