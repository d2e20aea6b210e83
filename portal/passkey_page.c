#include "portal/passkey_page.h"

#include <string.h>

#include "portal/answer.h"
#include "portal/challenge.h"

enum { NAME_CHARACTERS = 60 };

static const struct statement passkey_put = {
	"passkey_put", "insert into postseal.passkey (id, account, credential, public_key, "
		       "algorithm, counter, name) "
		       "values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential) do nothing"};

static const struct statement passkey_drop = {
	"passkey_drop", "delete from postseal.passkey where account = $1 and id::text = $2"};

enum MHD_Result
passkey_page_form(struct request *request)
{
	g_autoptr(page_auto) page = answer_begin(request, "passkey.html");
	const struct account *account = &request->session.account;
	g_autofree char *user = passkey_text(account->id.text, strlen(account->id.text));
	struct fault fault;

	page_attribute(page, "passkey", "data-user", user);
	page_attribute(page, "passkey", "data-name", account->shown);
	page_attribute(page, "passkey", "data-organisation",
		       request->portal->settings->organisation);
	if (!challenge_ask(request, page, &fault) || !challenge_list_keys(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page_with_script(request, page);
}

static bool
keep_passkey(struct request *request, const struct passkey *passkey, struct fault *fault)
{
	g_autofree char *name = g_utf8_substring(
		request_field(request, "name"), 0,
		MIN(g_utf8_strlen(request_field(request, "name"), -1), NAME_CHARACTERS));
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
	parameters_text(&parameters, *name == '\0' ? "-" : name);
	return connection_execute(request->connection, &passkey_put, &parameters, NULL, fault);
}

enum MHD_Result
passkey_page_add(struct request *request)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	const struct passkey_place place = {request->portal->settings->portal_url, challenge};
	struct passkey passkey = {0};
	struct fault fault;
	bool asked, kept;

	if (!challenge_take(request, challenge, &asked, &fault))
		return answer_fault(request, &fault);
	if (!asked || !passkey_register(&place, request_field(request, "client"),
					request_field(request, "data"), &passkey))
		return answer_outcome(
			request, MHD_HTTP_BAD_REQUEST, "The passkey was not taken",
			"What your browser sent could not be checked. Please try again.");
	kept = keep_passkey(request, &passkey, &fault);
	passkey_clear(&passkey);
	return kept ? answer_see(request, "/settings") : answer_fault(request, &fault);
}

enum MHD_Result
passkey_page_remove(struct request *request)
{
	struct parameters parameters = {0};
	struct fault fault;

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, request_field(request, "id"));
	return connection_execute(request->connection, &passkey_drop, &parameters, NULL, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}
