#include "portal/second_factor.h"

#include <string.h>

#include "portal/activity.h"
#include "portal/answer.h"
#include "portal/challenge.h"
#include "portal/signin.h"
#include "portal/totp.h"
#include "portal/web/base64url.h"
#include "portal/web/throttle.h"

static const struct statement totp_get = {
	"totp_get", "select totp from postseal.account where id = $1 and totp is not null"};

/* Each code works once, even if it is tried several times at the same moment. */
static const struct statement totp_use = {
	"totp_use",
	"update postseal.account set totp_step = $2 where id = $1 and totp_step < $2 returning id"};

static const struct statement passkey_get = {
	"passkey_get", "select id, public_key, algorithm, counter from postseal.passkey where "
		       "account = $1 and credential = $2"};

static const struct statement passkey_used = {
	"passkey_used", "update postseal.passkey set counter = $2 where id = $1 and counter <= $2"};

static enum MHD_Result
show_factor(struct request *request, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "factor.html");
	const struct account *account = &request->session.account;
	struct identifier message, form;
	struct fault fault;

	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong), "code-field");
	if (identifier_parse(&message, request_query(request, "message")) ||
	    identifier_parse(&message, request_field(request, "message")))
		page_attribute(page, "message", "value", message.text);
	if (identifier_parse(&form, request_query(request, "form")) ||
	    identifier_parse(&form, request_field(request, "form")))
		page_attribute(page, "written", "value", form.text);
	if (!account->has_totp)
		page_remove(page, "totp");
	if (!account->has_passkey) {
		page_remove(page, "passkey");
		page_remove(page, "script");
		return answer_page(request, MHD_HTTP_OK, page);
	}
	if (!challenge_ask(request, page, &fault) || !challenge_list_keys(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page_with_script(request, page);
}

enum MHD_Result
second_factor_form(struct request *request)
{
	return show_factor(request, NULL);
}

/* *right_r: the code is correct and was not used before. */
static bool
try_code(struct request *request, const unsigned char secret[TOTP_SECRET_BYTES], const char *typed,
	 bool *right_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	uint64_t step;

	*right_r = totp_is_right(secret, typed, time(NULL), &step);
	if (!*right_r)
		return true;
	parameters_text(&parameters, request->session.account.id.text);
	parameters_number(&parameters, (int64_t)step);
	if (!connection_execute(request->connection, &totp_use, &parameters, &result, fault))
		return false;
	*right_r = PQntuples(result) == 1;
	return true;
}

static bool
check_code(struct request *request, bool *right_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL, *secret = NULL;
	size_t length = 0, secret_length;
	bool done = true;

	*right_r = false;
	parameters_text(&parameters, request->session.account.id.text);
	if (!connection_execute(request->connection, &totp_get, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1)
		sealed = result_bytes(result, 0, 0, &length);
	secret = seal_open_bytes(sealed, length, &request->session.keys.factors,
				 request->session.account.id.text, &secret_length);
	if (secret != NULL && secret_length == TOTP_SECRET_BYTES)
		done = try_code(request, secret, request_field(request, "code"), right_r, fault);
	if (secret != NULL)
		sodium_memzero(secret, secret_length);
	return done;
}

static bool
note_wrong(struct request *request, struct fault *fault)
{
	return activity_note(request, request->session.account.address, "wrong second factor",
			     fault);
}

bool
second_factor_try_code(struct request *request, bool *allowed_r, bool *right_r, struct fault *fault)
{
	const char *account = request->session.account.id.text;

	*right_r = false;
	if (!throttle_take(request->connection, &throttle_second_factor, account, allowed_r,
			   fault) ||
	    (*allowed_r && !check_code(request, right_r, fault)))
		return false;
	if (*right_r)
		return throttle_forget(request->connection, &throttle_second_factor, account,
				       fault);
	return *allowed_r ? note_wrong(request, fault)
			  : activity_note_throttled(request->connection, &throttle_second_factor,
						    account, request->web.network,
						    request->session.account.address, fault);
}

enum MHD_Result
second_factor_code(struct request *request)
{
	struct fault fault;
	bool allowed, right;

	if (!second_factor_try_code(request, &allowed, &right, &fault))
		return answer_fault(request, &fault);
	if (!allowed)
		return answer_too_often(request, "Too many codes were tried. Please wait 15 "
						 "minutes, then try again.");
	return right ? signin_complete(request)
		     : show_factor(request, "That code is not correct. Codes change every 30 "
					    "seconds, and each works only once.");
}

static bool
find_passkey(struct request *request, struct passkey *passkey_r, struct identifier *id_r,
	     bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autoptr(GBytes) credential = base64url_bytes(request_field(request, "credential"));

	parameters_text(&parameters, request->session.account.id.text);
	parameters_bytes(&parameters, g_bytes_get_data(credential, NULL),
			 g_bytes_get_size(credential));
	if (!connection_execute(request->connection, &passkey_get, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1 && identifier_parse(id_r, PQgetvalue(result, 0, 0));
	if (*found_r) {
		size_t length;
		unsigned char *key = result_bytes(result, 0, 1, &length);

		passkey_r->public_key = g_bytes_new_take(key, length);
		passkey_r->algorithm = (int)result_number(result, 0, 2);
		passkey_r->counter = (uint32_t)result_number(result, 0, 3);
	}
	return true;
}

bool
second_factor_try_passkey(struct request *request, bool *allowed_r, bool *right_r,
			  struct fault *fault)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	const struct passkey_place place = {request->portal->settings->portal_url, challenge};
	struct passkey passkey = {0};
	struct identifier id;
	struct parameters parameters = {0};
	bool asked, found = false, done;

	*allowed_r = true; /* there is nothing to guess */
	*right_r = false;
	done = challenge_take(request, challenge, &asked, fault) &&
	       (!asked || find_passkey(request, &passkey, &id, &found, fault));
	if (done && found)
		*right_r = passkey_verify(&place, &passkey, request_field(request, "client"),
					  request_field(request, "data"),
					  request_field(request, "signature"));
	if (*right_r) {
		parameters_text(&parameters, id.text);
		parameters_number(&parameters, passkey.counter);
		done = connection_execute(request->connection, &passkey_used, &parameters, NULL,
					  fault);
	}
	passkey_clear(&passkey);
	return done && (*right_r || note_wrong(request, fault));
}

enum MHD_Result
second_factor_passkey(struct request *request)
{
	struct fault fault;
	bool allowed, right;

	if (!second_factor_try_passkey(request, &allowed, &right, &fault))
		return answer_fault(request, &fault);
	return right ? signin_complete(request)
		     : show_factor(request, "The passkey could not be checked. Please try again.");
}
