#include "portal/settings_page.h"

#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/method.h"
#include "keystore/upload.h"
#include "portal/answer.h"

enum { KEY_BYTES_MAX = 256 * 1024 };

static const struct statement wish_get = {"wish_get",
					  "select wish from postseal.account where id = $1"};

static const struct statement wish_put = {
	"wish_put", "update postseal.account set wish = nullif($2, '') where id = $1"};

static const struct statement language_put = {
	"language_put", "update postseal.account set language = $2 where id = $1"};

static const struct statement given_keys = {
	"given_keys", "select kind, subject from postseal.attestation "
		      "where address = $1 and author = $1 and kind in ('smime', 'pgp') and "
		      "revoked_at is null order by made_at"};

static const struct statement sessions = {"member_sessions",
					  "select id, browser, network, extract(epoch from "
					  "seen_at)::bigint from postseal.portal_session "
					  "where account = $1 and state = 'member' and expires_at "
					  "> now() order by seen_at desc limit 50"};

static const struct statement session_drop = {
	"member_session_drop",
	"delete from postseal.portal_session where account = $1 and id::text = $2"};

static const struct statement passkeys = {
	"member_passkeys",
	"select id, name from postseal.passkey where account = $1 order by added_at"};

/* --- the page --- */

static bool
ask(struct request *request, const struct statement *statement, const char *about,
    PGresult **result_r, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, about);
	return connection_execute(request->connection, statement, &parameters, result_r, fault);
}

static bool
list_sessions(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(request, &sessions, request->session.account.id.text, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *id = PQgetvalue(result, row, 0);
		bool is_this = strcmp(id, request->session.id.text) == 0;
		g_autofree char *when = request_date(request, result_number(result, row, 3));

		page_repeat(page, "session");
		page_text(page, "session-browser", PQgetvalue(result, row, 1));
		page_text(page, "session-network", PQgetvalue(result, row, 2));
		page_text(page, "session-when", when);
		page_attribute(page, "session-id", "value", id);
		page_choose(page, is_this, "session-this", "session-end");
	}
	page_repeat_end(page, "session");
	return true;
}

static bool
list_passkeys(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(request, &passkeys, request->session.account.id.text, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		page_repeat(page, "passkey");
		page_attribute(page, "passkey-id", "value", PQgetvalue(result, row, 0));
		page_text(page, "passkey-name", PQgetvalue(result, row, 1));
	}
	page_repeat_end(page, "passkey");
	page_choose(page, request->session.account.has_totp, "totp-on", "totp-off");
	return true;
}

static bool
list_keys(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(request, &given_keys, request->session.account.address, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		page_repeat(page, "key");
		page_text(page, "key-kind",
			  strcmp(PQgetvalue(result, row, 0), "pgp") == 0 ? "OpenPGP" : "S/MIME");
		page_text(page, "key-fingerprint", PQgetvalue(result, row, 1));
		page_attribute(page, "key-kind-field", "value", PQgetvalue(result, row, 0));
		page_attribute(page, "key-id", "value", PQgetvalue(result, row, 1));
	}
	page_repeat_end(page, "key");
	return true;
}

static void
show_choice(struct page *page, const char *value, const char *text, bool is_chosen)
{
	page_repeat(page, "wish");
	page_attribute(page, "wish-value", "value", value);
	if (is_chosen)
		page_attribute(page, "wish-value", "checked", "checked");
	page_text(page, "wish-text", text);
}

static bool
show_wish(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	const char *wish;

	if (!ask(request, &wish_get, request->session.account.id.text, &result, fault))
		return false;
	wish = PQntuples(result) == 1 ? result_text(result, 0, 0) : NULL;
	show_choice(page, "", request_say(request, N_("As the sender's rules say")), wish == NULL);
	for (const struct method *const *method = methods; *method != NULL; method++)
		if ((*method)->wish != NULL)
			show_choice(page, (*method)->name, request_say(request, (*method)->wish),
				    g_strcmp0(wish, (*method)->name) == 0);
	page_repeat_end(page, "wish");
	return true;
}

static enum MHD_Result
show_settings(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "settings.html");
	g_autofree char *language =
		g_strconcat("language-", request->session.account.language, NULL);
	const bool required = request->portal->settings->portal_factor == PORTAL_FACTOR_REQUIRED;
	struct fault fault;

	page_text_if_any(page, "wrong", wrong == NULL ? NULL : request_say(request, wrong));
	page_text(page, "address", request->session.account.shown);
	page_attribute(page, "username", "value", request->session.account.shown);
	page_attribute(page, language, "selected", "selected");
	if (!required)
		page_remove(page, "factor-required");
	if (!list_sessions(request, page, &fault) || !list_passkeys(request, page, &fault) ||
	    !list_keys(request, page, &fault) || !show_wish(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page(request, status, page);
}

enum MHD_Result
settings_page_show(struct request *request)
{
	return show_settings(request, MHD_HTTP_OK, NULL);
}

/* --- what is set --- */

static enum MHD_Result
put_and_show(struct request *request, const struct statement *statement, const char *value)
{
	struct parameters parameters = {0};
	struct fault fault;

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, value);
	return connection_execute(request->connection, statement, &parameters, NULL, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}

enum MHD_Result
settings_page_language(struct request *request)
{
	const char *language = catalogue_language(request_field(request, "language"));

	if (language == NULL)
		return answer_see(request, "/settings");
	return put_and_show(request, &language_put, language);
}

enum MHD_Result
settings_page_wish(struct request *request)
{
	const char *wish = request_field(request, "wish");
	const struct method *method = method_find(wish);

	if (*wish != '\0' && (method == NULL || method->wish == NULL))
		return answer_see(request, "/settings");
	return put_and_show(request, &wish_put, wish);
}

/* The password that is there is asked for first: a browser left open must not be enough. */
static bool
password_is_right(struct request *request, bool *right_r, struct fault *fault)
{
	struct account account;
	struct account_keys keys;
	bool done = account_enter(request->connection, request->session.account.address,
				  request_field(request, "old"), &account, &keys, right_r, fault);

	account_clear(&account);
	sodium_memzero(&keys, sizeof keys);
	return done;
}

enum MHD_Result
settings_page_password(struct request *request)
{
	struct connection *connection = request->connection;
	const struct session *session = &request->session;
	const char *password = request_field(request, "password"), *wrong;
	struct fault fault;
	bool right;

	if (!password_is_right(request, &right, &fault))
		return answer_fault(request, &fault);
	if (!right)
		return show_settings(request, MHD_HTTP_FORBIDDEN,
				     "The old password is not right. Nothing was changed.");
	if (strcmp(password, request_field(request, "again")) != 0)
		return show_settings(request, MHD_HTTP_BAD_REQUEST,
				     "The two passwords are not the same. Please type it twice.");
	wrong = account_password_fault(password, session->account.address);
	if (wrong != NULL)
		return show_settings(request, MHD_HTTP_BAD_REQUEST, wrong);
	if (!batch_begin(connection, &fault) ||
	    !account_set_password(connection, &session->account, &session->keys, password,
				  &fault) ||
	    !session_end_others(connection, session, &fault) || !batch_commit(connection, &fault))
		return answer_fault(request, &fault);
	return answer_outcome(request, MHD_HTTP_OK, "The password is changed",
			   "You are signed out everywhere else.");
}

enum MHD_Result
settings_page_recovery(struct request *request)
{
	g_autoptr(page_auto) page = NULL;
	char recovery[RECOVERY_CHARACTERS + 1];
	struct fault fault;
	bool right;

	if (!password_is_right(request, &right, &fault))
		return answer_fault(request, &fault);
	if (!right)
		return show_settings(request, MHD_HTTP_FORBIDDEN,
				     "The old password is not right. Nothing was changed.");
	if (!batch_begin(request->connection, &fault) ||
	    !account_set_recovery(request->connection, &request->session.account,
				  &request->session.keys, recovery, &fault) ||
	    !batch_commit(request->connection, &fault))
		return answer_fault(request, &fault);
	page = answer_begin(request, "recovery.html");
	page_text(page, "code", recovery);
	page_remove(page, "strength");
	sodium_memzero(recovery, sizeof recovery);
	return answer_page(request, MHD_HTTP_OK, page);
}

/* --- one's own key --- */

static GBytes *
uploaded(const struct request *request, struct fault *fault)
{
	const struct upload *upload =
		request->web.form.uploads->len == 0 ? NULL : g_ptr_array_index(request->web.form.uploads, 0);
	size_t size = upload == NULL ? 0 : (size_t)spool_size(upload->content), got, done = 0;
	g_autofree char *bytes = NULL;

	if (size == 0 || size > KEY_BYTES_MAX) {
		fault_set(fault, FAULT_INPUT,
			  N_("Please choose the file of your certificate or public key."));
		return NULL;
	}
	bytes = g_malloc(size);
	while (done < size) {
		if (!spool_read(upload->content, done, bytes + done, size - done, &got, fault) ||
		    got == 0)
			return NULL;
		done += got;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

enum MHD_Result
settings_page_add_key(struct request *request)
{
	const char *address = request->session.account.address;
	struct fault fault = {0};
	g_autoptr(GBytes) bytes = uploaded(request, &fault);
	struct key_facts *key =
		bytes == NULL ? NULL
			      : upload_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), address,
					    request->portal->settings->gpg_program, &fault);
	bool taken = false,
	     put = key != NULL && upload_store(request->connection, key, address, &taken, &fault);

	g_clear_pointer(&key, key_facts_free);
	if (put && taken)
		return answer_see(request, "/settings");
	if (put)
		return show_settings(request, MHD_HTTP_BAD_REQUEST,
				     "This key is known already, and not as yours.");
	return fault.cause == FAULT_INPUT ? show_settings(request, MHD_HTTP_BAD_REQUEST, fault.text)
					  : answer_fault(request, &fault);
}

enum MHD_Result
settings_page_remove_key(struct request *request)
{
	const char *kind = request_field(request, "kind");
	struct fault fault;

	return upload_withdraw(request->connection, kind, request_field(request, "fingerprint"),
				request->session.account.address, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}

/* --- sessions --- */

enum MHD_Result
settings_page_end_session(struct request *request)
{
	return put_and_show(request, &session_drop, request_field(request, "id"));
}

enum MHD_Result
settings_page_end_other_sessions(struct request *request)
{
	struct fault fault;

	return batch_begin(request->connection, &fault) &&
			       session_end_others(request->connection, &request->session, &fault) &&
			       batch_commit(request->connection, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}
