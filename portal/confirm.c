#include "portal/confirm.h"

#include "core/catalogue.h"
#include "portal/answer.h"
#include "portal/challenge.h"
#include "portal/second_factor.h"
#include "portal/signin.h"

static const struct statement confirmation_give = {
	"confirmation_give",
	"update postseal.portal_session set confirmed_at = now() where id = $1"};

static const struct statement confirmation_use = {
	"confirmation_use", "update postseal.portal_session set confirmed_at = null where id = $1"};

static enum MHD_Result
show_confirm(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "confirm.html");
	const struct account *account = &request->session.account;
	struct fault fault;

	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong), "password-field");
	page_attribute(page, "username", "value", account->shown);
	if (!account->has_totp)
		page_remove(page, account->has_passkey ? "plain" : "code");
	if (!account->has_passkey) {
		page_remove(page, "passkey");
		page_remove(page, "script");
		return answer_page(request, status, page);
	}
	if (!challenge_ask(request, page, &fault) || !challenge_list_keys(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page_with_script(request, page);
}

enum MHD_Result
confirm_form(struct request *request)
{
	return show_confirm(request, MHD_HTTP_OK, NULL);
}

static bool
mark(struct request *request, const struct statement *statement, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, request->session.id.text);
	return batch_add(request->connection, statement, &parameters, fault);
}

static enum MHD_Result
give(struct request *request)
{
	struct fault fault;

	return batch_begin(request->connection, &fault) &&
			       mark(request, &confirmation_give, &fault) &&
			       batch_commit(request->connection, &fault)
		       ? answer_see(request, "/settings/security")
		       : answer_fault(request, &fault);
}

/* The password first: without it, nothing is revealed about the second factor. */
static bool
try_password(struct request *request, bool *allowed_r, bool *right_r, struct fault *fault)
{
	struct account account = {0};
	struct account_keys keys;
	bool done = signin_try_password(request, request->session.account.address, &account, &keys,
					allowed_r, right_r, fault);

	account_clear(&account);
	sodium_memzero(&keys, sizeof keys);
	return done;
}

typedef bool try_factor(struct request *request, bool *allowed_r, bool *right_r,
			struct fault *fault);

static enum MHD_Result
try_both(struct request *request, try_factor *factor)
{
	struct fault fault;
	bool allowed, right;

	if (!try_password(request, &allowed, &right, &fault) ||
	    (right && factor != NULL && !factor(request, &allowed, &right, &fault)))
		return answer_fault(request, &fault);
	if (!allowed)
		return answer_too_often(request, SIGNIN_TOO_OFTEN);
	if (!right)
		return show_confirm(
			request, MHD_HTTP_FORBIDDEN,
			N_("That is not correct. Nothing was changed. Please try again."));
	return give(request);
}

enum MHD_Result
confirm_submit(struct request *request)
{
	const struct account *account = &request->session.account;

	if (account->has_passkey && !account->has_totp)
		return show_confirm(request, MHD_HTTP_FORBIDDEN,
				    N_("Please use your passkey or security key as well."));
	return try_both(request, account->has_totp ? second_factor_try_code : NULL);
}

enum MHD_Result
confirm_passkey(struct request *request)
{
	return try_both(request, second_factor_try_passkey);
}

bool
confirm_is_given(struct request *request, enum MHD_Result *answered_r)
{
	if (request->session.is_confirmed)
		return true;
	*answered_r = answer_see(request, "/settings/confirm");
	return false;
}

bool
confirm_use(struct request *request, enum notice_change change, const char *detail,
	    struct fault *fault)
{
	const struct account *account = &request->session.account;
	const struct notice notice = {.settings = request->portal->settings,
				      .courier = ring_sealing(request->portal->courier),
				      .connection = request->connection,
				      .smtputf8 = !g_str_is_ascii(account->shown)};
	const struct notice_client client = {request->web.browser, request->web.network};

	return mark(request, &confirmation_use, fault) &&
	       notice_changed(&notice, account->shown, account->language, change, detail, &client,
			      fault);
}
