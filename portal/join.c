#include "portal/join.h"

#include <string.h>

#include "core/log.h"

#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/outbox/proof.h"
#include "portal/answer.h"
#include "portal/application_password.h"
#include "portal/mailbox.h"
#include "portal/password.h"
#include "portal/signin.h"
#include "portal/web/throttle.h"

static const struct statement proof_find = {"proof_find",
					    "select address, shown from postseal.address_proof "
					    "where token_hash = $1 and expires_at > now()"};

/* A proof works once. */
static const struct statement proof_use = {
	"proof_use", "delete from postseal.address_proof where token_hash = $1"};

static const struct statement guest_address = {
	"guest_address",
	"select c.address, c.recipient from postseal.session_key s"
	" join postseal.parcel_key k on k.id = s.parcel_key join postseal.copy c on c.id = k.copy "
	"where s.session = $1 order by k.id desc limit 1"};

/* --- proving an address --- */

static enum MHD_Result
show_join(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "join.html");

	answer_wrong(page, wrong, "address");
	page_attribute(page, "address", "value", request_field(request, "address"));
	return answer_page(request, status, page);
}

enum MHD_Result
join_give_back(struct request *request, unsigned status, const char *why)
{
	return show_join(request, status, why);
}

enum MHD_Result
join_form(struct request *request)
{
	return show_join(request, MHD_HTTP_OK, NULL);
}

static bool
mail_proof(struct request *request, const struct address *address, struct fault *fault)
{
	const struct notice notice = {.settings = request->portal->settings,
				      .courier = ring_sealing(request->portal->courier),
				      .connection = request->connection,
				      .smtputf8 = address->international};
	const struct proof proof = {
		.address = address->key, .shown = address->text, .language = request->web.language};

	return batch_begin(request->connection, fault) && proof_mail(&notice, &proof, fault) &&
	       batch_commit(request->connection, fault);
}

static bool
may_mail(struct request *request, const char *address, bool *allowed_r, struct fault *fault)
{
	g_autofree char *client = g_strdup_printf("%s|%s", address, request->web.network);

	return throttle_take(request->connection, &throttle_proof_client, client, allowed_r,
			     fault) &&
	       (!*allowed_r || throttle_take(request->connection, &throttle_proof_address, address,
					     allowed_r, fault));
}

enum MHD_Result
join_submit(struct request *request)
{
	g_auto(address_auto) address = {0};
	struct fault fault;
	bool allowed;

	if (!request_address(request, "address", &address))
		return show_join(request, MHD_HTTP_BAD_REQUEST,
				 request_say(request,
					     "Please enter your email address, for example "
					     "name@example.com."));
	if (!throttle_take(request->connection, &throttle_proof_network, request->web.network,
			   &allowed, &fault))
		return answer_fault(request, &fault);
	if (!allowed)
		return answer_too_often(
			request, "Too many emails have been requested from your network. Please "
				 "wait an hour, then try again.");
	/* So that nobody can fill someone else's mailbox by typing their address, nor use up what
	   its owner may ask for. */
	if (!may_mail(request, address.key, &allowed, &fault) ||
	    (allowed && !mail_proof(request, &address, &fault)))
		return answer_fault(request, &fault);
	return answer_outcome(request, MHD_HTTP_OK, "Please check your email",
			      "An email with a link is on its way to you. Follow the link to "
			      "continue; it works for 24 hours. If the email does not arrive, "
			      "please look in your spam folder.");
}

/* --- an account, from a link or after a first message --- */

struct newcomer {
	char *address, *shown; /* address: folded */
	bool has_account;
};

static void
newcomer_clear(struct newcomer *newcomer)
{
	g_free(newcomer->address);
	g_free(newcomer->shown);
}
typedef struct newcomer newcomer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(newcomer_auto, newcomer_clear)

static bool
look_for_account(struct request *request, struct newcomer *newcomer, struct fault *fault)
{
	struct account account;
	bool found = account_find(request->connection, newcomer->address, &account,
				  &newcomer->has_account, fault);

	account_clear(&account);
	return found;
}

/* With a statement for the address, and the form that is shown. */
static bool
find_newcomer(struct request *request, const struct statement *statement,
	      const struct parameters *parameters, struct newcomer *newcomer_r, bool *found_r,
	      struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!connection_execute(request->connection, statement, parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	if (!*found_r)
		return true;
	newcomer_r->address = g_strdup(PQgetvalue(result, 0, 0));
	newcomer_r->shown = g_strdup(PQgetvalue(result, 0, 1));
	return look_for_account(request, newcomer_r, fault);
}

static const char not_recovery[] = N_("This is not the recovery code for this account.");

static enum MHD_Result
show_enrol(struct request *request, const struct newcomer *newcomer, bool by_link,
	   const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(
		request, by_link && newcomer->has_account ? "reopen.html" : "enrol.html");

	answer_wrong(page, wrong == NULL ? NULL : request_say(request, wrong),
		     wrong == not_recovery ? "recovery" : "password-field");
	page_text(page, "address", newcomer->shown);
	page_attribute(page, "username", "value", newcomer->shown);
	page_attribute(page, "recovery", "value", request_field(request, "recovery"));
	return answer_page(request, wrong == NULL ? MHD_HTTP_OK : MHD_HTTP_BAD_REQUEST, page);
}

/* The strength of a password, in words such as "strong", judged by its length. */
static const char *
strength(const char *password)
{
	glong length = g_utf8_strlen(password, -1);

	if (length >= 20)
		return N_("Your password is very strong.");
	return length >= 14 ? N_("Your password is strong.")
			    : N_("Your password is good. A longer one would be stronger.");
}

/* The recovery code is shown only this once. */
static enum MHD_Result
show_recovery(struct request *request, char recovery[RECOVERY_CHARACTERS + 1], const char *password)
{
	g_autoptr(page_auto) page = answer_begin(request, "recovery.html");

	page_text(page, "code", recovery);
	page_text(page, "strength", request_say(request, strength(password)));
	sodium_memzero(recovery, RECOVERY_CHARACTERS + 1);
	return answer_page(request, MHD_HTTP_OK, page);
}

static const char *
wrong_password(struct request *request, const char *address)
{
	const char *password = request_field(request, "password");

	if (strcmp(password, request_field(request, "again")) != 0)
		return N_("The two passwords do not match. Please enter the same password twice.");
	return password_fault(password, address, NULL); /* who has just come */
}

static bool
use_proof(struct request *request, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char digest[SEAL_DIGEST_BYTES];

	if (!proof_digest(request->web.tail, digest))
		return true; /* the newcomer did not use a link */
	parameters_bytes(&parameters, digest, sizeof digest);
	return batch_add(request->connection, &proof_use, &parameters, fault);
}

static bool
create(struct request *request, const struct newcomer *newcomer,
       char recovery_r[RECOVERY_CHARACTERS + 1], struct fault *fault)
{
	const struct account_new settings = {.address = newcomer->address,
					     .shown = newcomer->shown,
					     .language = request->web.language,
					     .password = request_field(request, "password"),
					     .replaces = newcomer->has_account};
	struct connection *connection = request->connection;
	struct session *session = &request->session;
	g_autoptr(GPtrArray) opened = signin_carried(request, fault);
	g_autoptr(GPtrArray) senders = NULL;
	struct mailbox_adoption adoption = {.account = &session->account,
					    .keys = &session->keys,
					    .opened = opened,
					    .settings = request->portal->settings};

	if (opened == NULL)
		return false;
	adoption.senders = senders = mailbox_senders(connection, newcomer->address, opened, fault);
	account_clear(&session->account);
	session->state = SESSION_MEMBER;
	session->is_confirmed =
		true; /* the password was just chosen, and there is no second factor yet */
	return senders != NULL && batch_begin(connection, fault) && use_proof(request, fault) &&
	       account_create(connection, &settings, &session->account, &session->keys, recovery_r,
			      fault) &&
	       mailbox_adopt(connection, &adoption, fault) &&
	       request_begin_session(request, opened, fault);
}

static enum MHD_Result
enrol(struct request *request, const struct newcomer *newcomer)
{
	char recovery[RECOVERY_CHARACTERS + 1];
	struct fault fault;

	if (!create(request, newcomer, recovery, &fault)) {
		request->session.state = SESSION_NONE;
		request->cookie_is_new = false;
		return answer_fault(request, &fault);
	}
	if (!signin_know_network(request, &fault))
		log_error("%s: %s", request->route->path, fault.text);
	return show_recovery(request, recovery, request_field(request, "password"));
}

/* *found_r: the session has opened a message, and the guest must be its recipient. */
static bool
guest(struct request *request, struct newcomer *newcomer_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, request->session.id.text);
	return find_newcomer(request, &guest_address, &parameters, newcomer_r, found_r, fault);
}

enum MHD_Result
join_account_form(struct request *request)
{
	g_auto(newcomer_auto) newcomer = {0};
	struct fault fault;
	bool found;

	if (request->session.state == SESSION_MEMBER)
		return answer_see(request, "/inbox");
	if (!guest(request, &newcomer, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return answer_see(request, "/join");
	return newcomer.has_account ? answer_see(request, "/signin")
				    : show_enrol(request, &newcomer, false, NULL);
}

/* Either the first press created the account, and its page with the recovery code was not seen; or
 * nothing was created, because the session was over. There is no telling which. */
static enum MHD_Result
show_pressed_twice(struct request *request)
{
	return answer_outcome(
		request, MHD_HTTP_CONFLICT, "You may already have an account",
		"If you pressed the button twice, your account was created the first time. "
		"Please sign in with your email address and the password you chose; under "
		"Settings you can create a recovery code. Otherwise too much time has passed: "
		"please open your message again with its link and code.");
}

enum MHD_Result
join_account_submit(struct request *request)
{
	g_auto(newcomer_auto) newcomer = {0};
	const char *wrong;
	struct fault fault;
	bool found;

	if (request->session.state == SESSION_MEMBER)
		return answer_see(request, "/inbox");
	if (request->session.state != SESSION_GUEST)
		return show_pressed_twice(request);
	if (!guest(request, &newcomer, &found, &fault))
		return answer_fault(request, &fault);
	if (!found || newcomer.has_account)
		return show_pressed_twice(request);
	wrong = wrong_password(request, newcomer.address);
	return wrong != NULL ? show_enrol(request, &newcomer, false, wrong)
			     : enrol(request, &newcomer);
}

static bool
prove(struct request *request, struct newcomer *newcomer_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char digest[SEAL_DIGEST_BYTES];

	*found_r = proof_digest(request->web.tail, digest);
	if (!*found_r)
		return true;
	parameters_bytes(&parameters, digest, sizeof digest);
	return find_newcomer(request, &proof_find, &parameters, newcomer_r, found_r, fault);
}

static enum MHD_Result
show_used_link(struct request *request)
{
	return answer_outcome(request, MHD_HTTP_NOT_FOUND, "This link no longer works",
			      "It has already been used or has expired. You can request a new "
			      "one on the home page.");
}

enum MHD_Result
join_proof_form(struct request *request)
{
	g_auto(newcomer_auto) newcomer = {0};
	struct fault fault;
	bool found;

	if (!prove(request, &newcomer, &found, &fault))
		return answer_fault(request, &fault);
	return found ? show_enrol(request, &newcomer, true, NULL) : show_used_link(request);
}

/* With the recovery code, nothing is lost: only the password changes. */
static enum MHD_Result
recover(struct request *request, const struct newcomer *newcomer)
{
	struct connection *connection = request->connection;
	struct session *session = &request->session;
	struct account account;
	struct fault fault;
	bool right, allowed;

	if (!signin_may_try(request, newcomer->address, &allowed, &fault))
		return answer_fault(request, &fault);
	if (!allowed)
		return answer_too_often(request, SIGNIN_TOO_OFTEN);
	if (!account_recover(connection, newcomer->address, request_field(request, "recovery"),
			     &account, &session->keys, &right, &fault))
		return answer_fault(request, &fault);
	if (!right)
		return show_enrol(request, newcomer, true, not_recovery);
	if (!signin_was_right(request, newcomer->address, &fault)) {
		account_clear(&account);
		return answer_fault(request, &fault);
	}
	account_clear(&session->account);
	session->account = account;
	session->is_confirmed = false;
	if (!batch_begin(connection, &fault) || !use_proof(request, &fault) ||
	    !account_set_password(connection, &account, &session->keys,
				  request_field(request, "password"), &fault) ||
	    !application_password_revoke(connection, &account, NULL, &fault) ||
	    !session_end_others(connection, session, &fault) || !batch_commit(connection, &fault))
		return answer_fault(request, &fault);
	return signin_with_password(request);
}

enum MHD_Result
join_proof_submit(struct request *request)
{
	g_auto(newcomer_auto) newcomer = {0};
	const char *wrong;
	struct fault fault;
	bool found;

	if (!prove(request, &newcomer, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return show_used_link(request);
	wrong = wrong_password(request, newcomer.address);
	if (wrong != NULL)
		return show_enrol(request, &newcomer, true, wrong);
	if (newcomer.has_account && *request_field(request, "recovery") != '\0')
		return recover(request, &newcomer);
	if (newcomer.has_account && *request_field(request, "lose") == '\0')
		return show_enrol(request, &newcomer, true,
				  "Without the recovery code, the messages in your account will "
				  "be lost. Please confirm this, or enter the code.");
	return enrol(request, &newcomer);
}
