#include "portal/second_factor.h"

#include <string.h>

#include "portal/signin.h"
#include "portal/passkey.h"
#include "portal/web/throttle.h"
#include "portal/totp.h"

enum { NAME_CHARACTERS = 60 };

static const struct statement totp_get = {
	"totp_get", "select totp from postseal.account where id = $1 and totp is not null"};

/* Each code works once, however many try it at the same time. */
static const struct statement totp_use = {
	"totp_use",
	"update postseal.account set totp_step = $2 where id = $1 and totp_step < $2 returning id"};

static const struct statement totp_put = {
	"totp_put", "update postseal.account set totp = $2, totp_step = $3 where id = $1"};

static const struct statement totp_drop = {"totp_drop",
					   "update postseal.account set totp = null where id = $1"};

static const struct statement challenge_put = {
	"challenge_put", "update postseal.portal_session set challenge = $2 where id = $1"};

/* Asked for once. */
static const struct statement challenge_take = {
	"challenge_take",
	"update postseal.portal_session s set challenge = null from postseal.portal_session old "
	"where s.id = $1 and old.id = s.id and old.challenge is not null returning old.challenge"};

static const struct statement passkey_list = {
	"passkey_list",
	"select credential from postseal.passkey where account = $1 order by added_at"};

static const struct statement passkey_get = {
	"passkey_get", "select id, public_key, algorithm, counter from postseal.passkey where "
		       "account = $1 and credential = $2"};

static const struct statement passkey_used = {
	"passkey_used", "update postseal.passkey set counter = $2 where id = $1 and counter <= $2"};

static const struct statement passkey_put = {
	"passkey_put", "insert into postseal.passkey (id, account, credential, public_key, "
		       "algorithm, counter, name) "
		       "values ($1, $2, $3, $4, $5, $6, $7) on conflict (credential) do nothing"};

static const struct statement passkey_drop = {
	"passkey_drop", "delete from postseal.passkey where account = $1 and id::text = $2"};

/* --- challenges --- */

static bool
make_challenge(struct request *request, struct page *page, struct fault *fault)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	struct parameters parameters = {0};
	g_autofree char *text = NULL, *host = passkey_host(request->portal->settings->portal_url);

	randombytes_buf(challenge, sizeof challenge);
	parameters_text(&parameters, request->session.id.text);
	parameters_bytes(&parameters, challenge, sizeof challenge);
	text = passkey_text(challenge, sizeof challenge);
	page_attribute(page, "passkey", "data-challenge", text);
	page_attribute(page, "passkey", "data-host", host);
	return connection_execute(request->connection, &challenge_put, &parameters, NULL, fault);
}

static bool
take_challenge(struct request *request, unsigned char challenge_r[PASSKEY_CHALLENGE_BYTES],
	       bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *bytes = NULL;
	size_t length;

	*found_r = false;
	parameters_text(&parameters, request->session.id.text);
	if (!connection_execute(request->connection, &challenge_take, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	bytes = result_bytes(result, 0, 0, &length);
	*found_r = length == PASSKEY_CHALLENGE_BYTES;
	if (*found_r)
		memcpy(challenge_r, bytes, PASSKEY_CHALLENGE_BYTES);
	return true;
}

/* Which keys there are: the browser asks for one of them, or makes no second one. */
static bool
list_credentials(struct request *request, struct page *page, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autoptr(GString) list = g_string_new(NULL);

	parameters_text(&parameters, request->session.account.id.text);
	if (!connection_execute(request->connection, &passkey_list, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		size_t length;
		g_autofree unsigned char *bytes = result_bytes(result, row, 0, &length);
		g_autofree char *text = passkey_text(bytes, length);

		g_string_append_printf(list, "%s%s", row > 0 ? " " : "", text);
	}
	page_attribute(page, "passkey", "data-credentials", list->str);
	return true;
}

/* --- signing in --- */

static enum MHD_Result
show_factor(struct request *request, const char *wrong)
{
	g_autoptr(page_auto) page = request_page(request, "factor.html");
	const struct account *account = &request->session.account;
	struct identifier message;
	struct fault fault;

	page_text_if_any(page, "wrong", wrong == NULL ? NULL : request_say(request, wrong));
	if (identifier_parse(&message, request_query(request, "message")) ||
	    identifier_parse(&message, request_field(request, "message")))
		page_attribute(page, "message", "value", message.text);
	if (!account->has_totp)
		page_remove(page, "totp");
	if (!account->has_passkey) {
		page_remove(page, "passkey");
		page_remove(page, "script");
		return answer_page(request, MHD_HTTP_OK, page);
	}
	if (!make_challenge(request, page, &fault) || !list_credentials(request, page, &fault))
		return answer_fault(request, &fault);
	return answer_page_with_script(request, page);
}

enum MHD_Result
serve_factor_form(struct request *request)
{
	return show_factor(request, NULL);
}

/* *right_r: the code is right and was not used before. */
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

enum MHD_Result
serve_factor_code(struct request *request)
{
	const char *account = request->session.account.id.text;
	struct fault fault;
	bool allowed, right;

	if (!throttle_take(request->connection, &throttle_second_factor, account, &allowed, &fault))
		return answer_fault(request, &fault);
	if (!allowed)
		return answer_too_often(request, "Too many codes were tried. Please wait a quarter "
						 "of an hour, then try again.");
	if (!check_code(request, &right, &fault) ||
	    (right &&
	     !throttle_forget(request->connection, &throttle_second_factor, account, &fault)))
		return answer_fault(request, &fault);
	return right ? entry_sign_in(request)
		     : show_factor(request, "The code is not right. Codes change every half "
					    "minute, and each works once.");
}

static bool
find_passkey(struct request *request, struct passkey *passkey_r, struct identifier *id_r,
	     bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autoptr(GBytes) credential = passkey_bytes(request_field(request, "credential"));

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

static bool
check_passkey(struct request *request, bool *right_r, struct fault *fault)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	const struct passkey_place place = {request->portal->settings->portal_url, challenge};
	struct passkey passkey = {0};
	struct identifier id;
	struct parameters parameters = {0};
	bool asked, found = false, done;

	*right_r = false;
	done = take_challenge(request, challenge, &asked, fault) &&
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
	return done;
}

enum MHD_Result
serve_factor_passkey(struct request *request)
{
	struct fault fault;
	bool right;

	if (!check_passkey(request, &right, &fault))
		return answer_fault(request, &fault);
	return right ? entry_sign_in(request)
		     : show_factor(request, "The passkey could not be checked. Please try again.");
}

/* --- one-time passwords: setting up --- */

static enum MHD_Result
show_totp(struct request *request, const unsigned char secret[TOTP_SECRET_BYTES], const char *wrong)
{
	g_autoptr(page_auto) page = request_page(request, "totp.html");
	g_autofree char *text = totp_secret_text(secret);
	g_autofree char *uri = totp_uri(secret, request->portal->settings->organisation,
					request->session.account.shown);
	g_autofree char *box = NULL, *picture = NULL;
	unsigned modules;

	picture = totp_picture(uri, &modules);
	box = g_strdup_printf("0 0 %u %u", modules, modules);
	page_text_if_any(page, "wrong", wrong == NULL ? NULL : request_say(request, wrong));
	page_attribute(page, "qr", "viewBox", box);
	page_attribute(page, "qr-path", "d", picture);
	page_text(page, "secret", text);
	page_attribute(page, "secret-field", "value", text);
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
serve_totp_form(struct request *request)
{
	unsigned char secret[TOTP_SECRET_BYTES];
	enum MHD_Result answered;

	randombytes_buf(secret, sizeof secret);
	answered = show_totp(request, secret, NULL);
	sodium_memzero(secret, sizeof secret);
	return answered;
}

static bool
keep_totp(struct request *request, const unsigned char secret[TOTP_SECRET_BYTES], uint64_t step,
	  struct fault *fault)
{
	struct parameters parameters = {0};
	size_t length;
	g_autofree unsigned char *sealed =
		seal_bytes(secret, TOTP_SECRET_BYTES, &request->session.keys.factors,
			   request->session.account.id.text, &length);

	parameters_text(&parameters, request->session.account.id.text);
	parameters_bytes(&parameters, sealed, length);
	parameters_number(&parameters, (int64_t)step);
	return connection_execute(request->connection, &totp_put, &parameters, NULL, fault);
}

/* Only an app that has shown a right code is asked later. */
enum MHD_Result
serve_totp_add(struct request *request)
{
	unsigned char secret[TOTP_SECRET_BYTES];
	struct fault fault;
	uint64_t step;
	bool kept;

	if (!totp_secret_read(secret, request_field(request, "secret")))
		return answer_see(request, "/settings/totp");
	if (!totp_is_right(secret, request_field(request, "code"), time(NULL), &step))
		return show_totp(request, secret,
				 "The code is not right. Is the clock of your telephone right?");
	kept = keep_totp(request, secret, step, &fault);
	sodium_memzero(secret, sizeof secret);
	return kept ? answer_see(request, "/settings") : answer_fault(request, &fault);
}

enum MHD_Result
serve_totp_remove(struct request *request)
{
	struct parameters parameters = {0};
	struct fault fault;

	parameters_text(&parameters, request->session.account.id.text);
	return connection_execute(request->connection, &totp_drop, &parameters, NULL, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}

/* --- passkeys: setting up --- */

enum MHD_Result
serve_passkey_form(struct request *request)
{
	g_autoptr(page_auto) page = request_page(request, "passkey.html");
	const struct account *account = &request->session.account;
	g_autofree char *user = passkey_text(account->id.text, strlen(account->id.text));
	struct fault fault;

	page_attribute(page, "passkey", "data-user", user);
	page_attribute(page, "passkey", "data-name", account->shown);
	page_attribute(page, "passkey", "data-organisation",
		       request->portal->settings->organisation);
	if (!make_challenge(request, page, &fault) || !list_credentials(request, page, &fault))
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
serve_passkey_add(struct request *request)
{
	unsigned char challenge[PASSKEY_CHALLENGE_BYTES];
	const struct passkey_place place = {request->portal->settings->portal_url, challenge};
	struct passkey passkey = {0};
	struct fault fault;
	bool asked, kept;

	if (!take_challenge(request, challenge, &asked, &fault))
		return answer_fault(request, &fault);
	if (!asked || !passkey_register(&place, request_field(request, "client"),
					request_field(request, "data"), &passkey))
		return answer_word(
			request, MHD_HTTP_BAD_REQUEST, "The passkey was not taken",
			"What your browser sent could not be checked. Please try again.");
	kept = keep_passkey(request, &passkey, &fault);
	passkey_clear(&passkey);
	return kept ? answer_see(request, "/settings") : answer_fault(request, &fault);
}

enum MHD_Result
serve_passkey_remove(struct request *request)
{
	struct parameters parameters = {0};
	struct fault fault;

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, request_field(request, "id"));
	return connection_execute(request->connection, &passkey_drop, &parameters, NULL, &fault)
		       ? answer_see(request, "/settings")
		       : answer_fault(request, &fault);
}
