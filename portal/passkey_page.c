#include "portal/passkey_page.h"

#include <string.h>

#include "portal/answer.h"
#include "portal/challenge.h"
#include "portal/confirm.h"
#include "portal/web/base64url.h"

enum { NAME_CHARACTERS = 60 };

static const struct statement passkey_put = {
	"passkey_put", "insert into postseal.passkey (id, account, credential, public_key, "
		       "algorithm, counter, name) "
		       "values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential) do nothing"};

static const struct statement passkey_name = {
	"passkey_name", "select name from postseal.passkey where account = $1 and id::text = $2"};

static const struct statement passkey_drop = {
	"passkey_drop", "delete from postseal.passkey where account = $1 and id::text = $2"};

enum MHD_Result
passkey_page_form(struct request *request)
{
	g_autoptr(page_auto) page = NULL;
	const struct account *account = &request->session.account;
	g_autofree char *user = base64url_text(account->id.text, strlen(account->id.text));
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	page = answer_begin(request, "passkey.html");
	page_attribute(page, "passkey", "data-user", user);
	page_attribute(page, "passkey", "data-name", account->shown);
	page_attribute(page, "passkey", "data-organisation",
		       request->portal->settings->organisation);
	if (!challenge_ask(request, page, &fault) || !challenge_list_keys(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page_with_script(request, page);
}

/* On one line: it is quoted in a mail to its owner. */
static char *
typed_name(const struct request *request)
{
	g_autofree char *valid = g_utf8_make_valid(request_field(request, "name"), -1);
	g_autofree char *name =
		g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), NAME_CHARACTERS));

	for (char *c = name; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	g_strstrip(name);
	return g_strdup(*name == '\0' ? "-" : name);
}

static bool
keep_passkey(struct request *request, const struct passkey *passkey, struct fault *fault)
{
	g_autofree char *name = typed_name(request);
	struct parameters parameters = {0};
	struct identifier id;

	identifier_make(&id);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, request->session.account.id.text);
	parameters_bytes(&parameters, g_bytes_get_data(passkey->credential, NULL),
			 g_bytes_get_size(passkey->credential));
	parameters_bytes(&parameters, g_bytes_get_data(passkey->public_key, NULL),
			 g_bytes_get_size(passkey->public_key));
	parameters_number(&parameters, passkey->algorithm);
	parameters_number(&parameters, passkey->counter);
	parameters_text(&parameters, name);
	return batch_begin(request->connection, fault) &&
	       batch_add(request->connection, &passkey_put, &parameters, fault) &&
	       confirm_use(request, CHANGE_PASSKEY_ADDED, name, fault) &&
	       batch_commit(request->connection, fault);
}

enum MHD_Result
passkey_page_add(struct request *request)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	const struct passkey_place place = {request->portal->settings->portal_url, challenge};
	struct passkey passkey = {0};
	struct fault fault;
	enum MHD_Result answered;
	bool asked, kept;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!challenge_take(request, challenge, &asked, &fault))
		return answer_fault(request, &fault);
	if (!asked || !passkey_register(&place, request_field(request, "client"),
					request_field(request, "data"), &passkey))
		return answer_outcome(
			request, MHD_HTTP_BAD_REQUEST, "The passkey was not accepted",
			"We could not verify what your browser sent. Please try again.");
	kept = keep_passkey(request, &passkey, &fault);
	passkey_clear(&passkey);
	return kept ? answer_see(request, "/settings") : answer_fault(request, &fault);
}

/* The name its owner gave it, for the mail; NULL: there is no such key. Caller frees. */
static bool
find_name(struct request *request, const char *id, char **name_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*name_r = NULL;
	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, id);
	if (!connection_execute(request->connection, &passkey_name, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1)
		*name_r = g_strdup(PQgetvalue(result, 0, 0));
	return true;
}

static bool
drop_passkey(struct request *request, const char *id, const char *name, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, id);
	return batch_begin(request->connection, fault) &&
	       batch_add(request->connection, &passkey_drop, &parameters, fault) &&
	       confirm_use(request, CHANGE_PASSKEY_REMOVED, name, fault) &&
	       batch_commit(request->connection, fault);
}

enum MHD_Result
passkey_page_remove(struct request *request)
{
	const char *id = request_field(request, "id");
	g_autofree char *name = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	if (!find_name(request, id, &name, &fault) ||
	    (name != NULL && !drop_passkey(request, id, name, &fault)))
		return answer_fault(request, &fault);
	return answer_see(request, "/settings");
}
