#include "portal/security_page.h"

#include <string.h>

#include "core/catalogue.h"
#include "keystore/upload.h"
#include "portal/answer.h"
#include "portal/application_password.h"
#include "portal/application_password_page.h"
#include "portal/confirm.h"
#include "portal/password.h"
#include "portal/vouching.h"

enum { KEY_BYTES_MAX = 256 * 1024 };

static const struct statement own_keys = {
	"own_keys", "select kind, subject from postseal.attestation "
		    "where address = $1 and how = 'signed in' and kind in ('smime', 'pgp') and "
		    "revoked_at is null order by made_at"};

static const struct statement passkeys = {
	"member_passkeys",
	"select id, name from postseal.passkey where account = $1 order by added_at"};

/* --- the page --- */

static bool
list_passkeys(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!request_ask(request, &passkeys, request->session.account.id.text, &result, fault))
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

	if (!request_ask(request, &own_keys, request->session.account.address, &result, fault))
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

bool
security_page_fill(struct request *request, struct page *page, struct fault *fault)
{
	return list_passkeys(request, page, fault) && list_keys(request, page, fault) &&
	       application_password_page_fill(request, page, fault) &&
	       vouching_fill(request, page, fault);
}

static enum MHD_Result
show_security(struct request *request, unsigned status, const char *wrong, const char *field)
{
	g_autoptr(page_auto) page = answer_begin(request, "security.html");
	struct fault fault;

	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong), field);
	page_attribute(page, "username", "value", request->session.account.shown);
	return security_page_fill(request, page, &fault) ? answer_page(request, status, page)
							 : answer_fault(request, &fault);
}

enum MHD_Result
security_page_show(struct request *request)
{
	enum MHD_Result answered;

	return confirm_is_given(request, &answered) ? show_security(request, MHD_HTTP_OK, NULL, "")
						    : answered;
}

/* --- password and recovery code --- */

enum MHD_Result
security_page_password(struct request *request)
{
	struct connection *connection = request->connection;
	const struct session *session = &request->session;
	const char *password = request_field(request, "password"), *wrong;
	g_autoptr(GPtrArray) applications = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (strcmp(password, request_field(request, "again")) != 0)
		return show_security(request, MHD_HTTP_BAD_REQUEST,
				     "The two passwords do not match. Please enter the same "
				     "password twice.",
				     "password-field");
	wrong = password_fault(password, session->account.address, session->account.name);
	if (wrong != NULL)
		return show_security(request, MHD_HTTP_BAD_REQUEST, wrong, "password-field");
	applications = application_password_all(connection, &session->account, &fault);
	if (applications == NULL || !batch_begin(connection, &fault) ||
	    !account_set_password(connection, &session->account, &session->keys, password,
				  &fault) ||
	    !application_password_revoke(connection, &session->account, NULL, &fault) ||
	    !session_end_others(connection, session, &fault) ||
	    !confirm_use(request, CHANGE_PASSWORD, NULL, &fault) ||
	    !batch_commit(connection, &fault))
		return answer_fault(request, &fault);
	return answer_outcome(request, MHD_HTTP_OK, "Your password has been changed",
			      applications->len == 0
				      ? N_("You have been signed out everywhere else.")
				      : N_("You have been signed out everywhere else, and your "
					   "passwords for mail programs no longer work. Please "
					   "create new ones."));
}

enum MHD_Result
security_page_recovery(struct request *request)
{
	g_autoptr(page_auto) page = NULL;
	char recovery[RECOVERY_CHARACTERS + 1];
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!batch_begin(request->connection, &fault) ||
	    !account_set_recovery(request->connection, &request->session.account,
				  &request->session.keys, recovery, &fault) ||
	    !confirm_use(request, CHANGE_RECOVERY, NULL, &fault) ||
	    !batch_commit(request->connection, &fault))
		return answer_fault(request, &fault);
	page = answer_begin(request, "recovery.html");
	page_text(page, "code", recovery);
	page_remove(page, "strength");
	sodium_memzero(recovery, sizeof recovery);
	return answer_page(request, MHD_HTTP_OK, page);
}

/* --- keys --- */

static GBytes *
uploaded(const struct request *request, struct fault *fault)
{
	const struct upload *upload = request->web.form.uploads->len == 0
					      ? NULL
					      : g_ptr_array_index(request->web.form.uploads, 0);
	size_t size = upload == NULL ? 0 : (size_t)upload->content.length, got, done = 0;
	g_autofree char *bytes = NULL;

	if (size == 0 || size > KEY_BYTES_MAX) {
		fault_set(fault, FAULT_INPUT,
			  N_("Please choose the file that contains your certificate or public "
			     "key."));
		return NULL;
	}
	bytes = g_malloc(size);
	while (done < size) {
		if (!spool_read(upload->content.spool, upload->content.offset + done, bytes + done,
				size - done, &got, fault) ||
		    got == 0)
			return NULL;
		done += got;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), size);
}

/* The key counts from this statement on, which is in the same transaction as the mail to its owner.
 */
static bool
store_key(struct request *request, const struct key_facts *key, bool *stored_r, struct fault *fault)
{
	const char *address = request->session.account.address;
	g_autofree char *detail = g_strdup_printf(
		"%s %s", key->kind == KEY_PGP ? "OpenPGP" : "S/MIME", key->fingerprint);

	return upload_store(request->connection, key, address, stored_r, fault) &&
	       (!*stored_r || (batch_begin(request->connection, fault) &&
			       upload_attest(request->connection, key, address, fault) &&
			       confirm_use(request, CHANGE_KEY_ADDED, detail, fault) &&
			       batch_commit(request->connection, fault)));
}

static enum MHD_Result
add_key(struct request *request, const struct key_facts *key)
{
	struct fault fault;
	bool stored;

	if (!store_key(request, key, &stored, &fault))
		return answer_fault(request, &fault);
	return stored ? answer_see(request, "/settings")
		      : show_security(request, MHD_HTTP_BAD_REQUEST,
				      "Your organisation manages the keys for this address.",
				      "key-field");
}

enum MHD_Result
security_page_add_key(struct request *request)
{
	struct key_facts *key = NULL;
	g_autoptr(GBytes) bytes = NULL;
	enum MHD_Result answered;
	struct fault fault = {0};

	if (!confirm_is_given(request, &answered))
		return answered;
	bytes = uploaded(request, &fault);
	if (bytes != NULL)
		key = upload_read(request->portal->upload_reader, g_bytes_get_data(bytes, NULL),
				  g_bytes_get_size(bytes), request->session.account.address,
				  &fault);
	if (key != NULL)
		answered = add_key(request, key);
	else if (fault.cause == FAULT_INPUT)
		answered = show_security(request, MHD_HTTP_BAD_REQUEST, fault.text, "key-field");
	else
		answered = answer_fault(request, &fault);
	g_clear_pointer(&key, key_facts_free);
	return answered;
}

/* Is it the member's own key? What the browser sent is quoted in a mail. */
static bool
is_own_key(struct request *request, const char *kind, const char *fingerprint, bool *own_r,
	   struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	*own_r = false;
	if (!request_ask(request, &own_keys, request->session.account.address, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		*own_r = *own_r || (strcmp(PQgetvalue(result, row, 0), kind) == 0 &&
				    strcmp(PQgetvalue(result, row, 1), fingerprint) == 0);
	return true;
}

enum MHD_Result
security_page_remove_key(struct request *request)
{
	const char *kind = request_field(request, "kind"),
		   *fingerprint = request_field(request, "fingerprint");
	enum MHD_Result answered;
	struct fault fault;
	bool own;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!is_own_key(request, kind, fingerprint, &own, &fault))
		return answer_fault(request, &fault);
	if (own && (!batch_begin(request->connection, &fault) ||
		    !upload_withdraw(request->connection, kind, fingerprint,
				     request->session.account.address, &fault) ||
		    !confirm_use(request, CHANGE_KEY_REMOVED, fingerprint, &fault) ||
		    !batch_commit(request->connection, &fault)))
		return answer_fault(request, &fault);
	return answer_see(request, "/settings");
}
