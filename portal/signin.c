#include "portal/signin.h"

#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "core/quote.h"
#include "delivery/outbox/notice.h"
#include "portal/activity.h"
#include "portal/answer.h"
#include "portal/mailbox.h"
#include "portal/unsaved.h"
#include "portal/web/throttle.h"

enum { KNOWN_SECONDS = 90 * 86400 };

static const struct throttle known_client = {"known client", 1, KNOWN_SECONDS};

/* --- the front page --- */

enum MHD_Result
signin_front(struct request *request)
{
	g_autoptr(page_auto) page = NULL;

	if (request->session.state == SESSION_MEMBER)
		return answer_see(request, "/inbox");
	page = answer_begin(request, "front.html");
	return answer_page(request, MHD_HTTP_OK, page);
}

/* --- signing in --- */

/* What the visitor was doing goes on after the second factor: only identifiers are accepted, so
 * that nobody can be led to another site. Caller frees. */
static char *
place_of_factor(const struct request *request)
{
	struct identifier id;

	if (identifier_parse(&id, request_field(request, "message")))
		return g_strconcat("/factor?message=", id.text, NULL);
	if (identifier_parse(&id, request_field(request, "form")))
		return g_strconcat("/factor?form=", id.text, NULL);
	return g_strdup("/factor");
}

static enum MHD_Result
show_signin(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "signin.html");
	struct identifier message;
	const char *wanted = *request_field(request, "message") != '\0'
				     ? request_field(request, "message")
				     : request_query(request, "message");

	answer_wrong(page, wrong, status == MHD_HTTP_BAD_REQUEST ? "address" : "password-field");
	page_attribute(page, "message", "value",
		       identifier_parse(&message, wanted) ? message.text : "");
	page_attribute(page, "address", "value", request_field(request, "address"));
	return answer_page(request, status, page);
}

enum MHD_Result
signin_give_back(struct request *request, unsigned status, const char *why)
{
	return show_signin(request, status, why);
}

enum MHD_Result
signin_form(struct request *request)
{
	return request->session.state == SESSION_MEMBER ? answer_see(request, "/inbox")
							: show_signin(request, MHD_HTTP_OK, NULL);
}

/* A sign-in from a place that was not used for a while: the owner is told. */
static bool
tell_new_client(struct request *request, struct fault *fault)
{
	const struct account *account = &request->session.account;
	g_autofree char *client = g_strdup_printf("%s|%s|%s", account->id.text,
						  request->web.browser, request->web.network);
	const struct notice notice = {.settings = request->portal->settings,
				      .courier = ring_sealing(request->portal->courier),
				      .connection = request->connection,
				      .smtputf8 = !g_str_is_ascii(account->shown)};
	bool is_new;

	return throttle_take(request->connection, &known_client, client, &is_new, fault) &&
	       (!is_new || (batch_begin(request->connection, fault) &&
			    notice_signed_in(&notice, account->shown, account->language,
					     request->web.browser, request->web.network, fault) &&
			    batch_commit(request->connection, fault)));
}

GPtrArray *
signin_carried(struct request *request, struct fault *fault)
{
	static const struct session nobody;

	return session_opened(
		request->connection,
		request->session.state == SESSION_MEMBER ? &nobody : &request->session, fault);
}

static bool
become_member(struct request *request, struct fault *fault)
{
	g_autoptr(GPtrArray) opened = signin_carried(request, fault);
	g_autoptr(GPtrArray) senders = NULL;
	struct mailbox_adoption adoption = {.account = &request->session.account,
					    .keys = &request->session.keys,
					    .opened = opened,
					    .settings = request->portal->settings};

	if (opened == NULL)
		return false;
	adoption.senders = senders = mailbox_senders(
		request->connection, request->session.account.address, opened, fault);
	request->session.state = SESSION_MEMBER;
	return senders != NULL && signin_know_network(request, fault) &&
	       tell_new_client(request, fault) && batch_begin(request->connection, fault) &&
	       mailbox_adopt(request->connection, &adoption, fault) &&
	       request_begin_session(request, opened, fault);
}

enum MHD_Result
signin_complete(struct request *request)
{
	g_autofree char *place = NULL;
	struct identifier id, draft;
	struct fault fault;
	bool found;

	if (!become_member(request, &fault) ||
	    !unsaved_restore(request, request_field(request, "form"), &draft, &found, &fault))
		return answer_fault(request, &fault);
	if (found)
		place = g_strconcat("/draft/", draft.text, NULL);
	else if (identifier_parse(&id, request_field(request, "form")))
		return unsaved_answer_other(request, MHD_HTTP_OK);
	else if (identifier_parse(&id, request_field(request, "message")))
		place = g_strconcat("/message/", id.text, NULL);
	return answer_see(request, place == NULL ? "/inbox" : place);
}

/* Asks for the second factor. */
static enum MHD_Result
ask_factor(struct request *request)
{
	g_autoptr(GPtrArray) opened = NULL;
	g_autofree char *place = NULL;
	struct fault fault;

	opened = signin_carried(request, &fault);
	request->session.state = SESSION_HALF;
	if (opened == NULL || !batch_begin(request->connection, &fault) ||
	    !request_begin_session(request, opened, &fault))
		return answer_fault(request, &fault);
	place = place_of_factor(request);
	return answer_see(request, place);
}

enum MHD_Result
signin_with_password(struct request *request)
{
	const struct account *account = &request->session.account;

	return account->has_totp || account->has_passkey ? ask_factor(request)
							 : signin_complete(request);
}

/* Whoever has a member's session is not slowed by others, nor given more tries by having many
 * networks. Caller frees. */
static char *
client_of(const struct request *request, const char *address)
{
	const struct session *session = &request->session;
	bool is_session =
		session->state == SESSION_MEMBER && strcmp(session->account.address, address) == 0;

	return is_session ? g_strdup_printf("session|%s", session->id.text)
			  : g_strdup_printf("%s|%s", address, request->web.network);
}

/* Strangers' tries from all networks together. */
static bool
may_stranger_try(struct request *request, const char *address, const char *client, bool *allowed_r,
		 struct fault *fault)
{
	bool known = g_str_has_prefix(client, "session|");

	if (!known && !throttle_is_noted(request->connection, &throttle_password_known, client,
					 &known, fault))
		return false;
	*allowed_r = true;
	return known || throttle_take(request->connection, &throttle_password_address, address,
				      allowed_r, fault);
}

bool
signin_may_try(struct request *request, const char *address, bool *allowed_r, struct fault *fault)
{
	struct connection *connection = request->connection;
	g_autofree char *client = client_of(request, address);
	const char *network = request->web.network;

	if (!throttle_take(connection, &throttle_password_network, network, allowed_r, fault))
		return false;
	if (!*allowed_r)
		return activity_note_throttled(connection, &throttle_password_network, network,
					       network, address, fault);
	if (!throttle_take(connection, &throttle_password_client, client, allowed_r, fault))
		return false;
	if (!*allowed_r)
		return activity_note_throttled(connection, &throttle_password_client, client,
					       network, address, fault);
	return may_stranger_try(request, address, client, allowed_r, fault) &&
	       (*allowed_r || activity_note_throttled(connection, &throttle_password_address,
						      address, network, address, fault));
}

/* The limit of all strangers is not lifted: a member who signs in now and then must not give
 * somebody who guesses new tries. */
bool
signin_was_right(struct request *request, const char *address, struct fault *fault)
{
	struct connection *connection = request->connection;
	g_autofree char *client = client_of(request, address);

	return throttle_forget(connection, &throttle_password_client, client, fault) &&
	       throttle_give_back(connection, &throttle_password_network, request->web.network,
				  fault);
}

bool
signin_know_network(struct request *request, struct fault *fault)
{
	g_autofree char *client =
		g_strdup_printf("%s|%s", request->session.account.address, request->web.network);

	return throttle_note(request->connection, &throttle_password_known, client, fault);
}

bool
signin_try_password(struct request *request, const char *address, struct account *account_r,
		    struct account_keys *keys_r, bool *allowed_r, bool *right_r,
		    struct fault *fault)
{
	g_autofree char *quoted = quote(address);

	*right_r = false;
	if (!signin_may_try(request, address, allowed_r, fault))
		return false;
	if (!*allowed_r)
		return true;
	if (!account_enter(request->connection, address, request_field(request, "password"),
			   account_r, keys_r, right_r, fault))
		return false;
	log_info("password is %s: network=%s, address=%s", *right_r ? "right" : "wrong",
		 request->web.network, quoted);
	return *right_r ? signin_was_right(request, address, fault)
			: activity_note(request, address, "wrong password", fault);
}

/* With the right password, the visitor is asked for the second factor, or is signed in. */
static enum MHD_Result
enter(struct request *request, struct account *account, const struct account_keys *keys)
{
	account_clear(&request->session.account);
	request->session.account = *account;
	*account = (struct account){0};
	request->session.keys = *keys;
	request->session.is_confirmed = false;
	return signin_with_password(request);
}

static enum MHD_Result
try_password(struct request *request, const char *address)
{
	g_auto(account_auto) account = {0};
	struct account_keys keys = {0};
	enum MHD_Result answered;
	struct fault fault;
	bool allowed, right;

	if (!signin_try_password(request, address, &account, &keys, &allowed, &right, &fault))
		answered = answer_fault(request, &fault);
	else if (!allowed)
		answered = answer_too_often(request, SIGNIN_TOO_OFTEN);
	else if (!right)
		answered = request->route->give_back(
			request, MHD_HTTP_FORBIDDEN,
			request_say(request,
				    "The email address or password is not correct. Please try "
				    "again."));
	else
		answered = enter(request, &account, &keys);
	sodium_memzero(&keys, sizeof keys);
	return answered;
}

enum MHD_Result
signin_submit(struct request *request)
{
	g_auto(address_auto) address = {0};

	if (!request_address(request, "address", &address))
		return request->route->give_back(
			request, MHD_HTTP_BAD_REQUEST,
			request_say(request, "Please enter your email address, for example "
					     "name@example.com."));
	return try_password(request, address.key);
}

enum MHD_Result
signin_end(struct request *request)
{
	struct fault fault;

	if (*request->session.id.text != '\0' &&
	    (!batch_begin(request->connection, &fault) ||
	     !session_end(request->connection, &request->session, &fault) ||
	     !batch_commit(request->connection, &fault)))
		return answer_fault(request, &fault);
	session_clear(&request->session);
	randombytes_buf(request->session.cookie.bytes, SEAL_KEY_BYTES);
	request->cookie_is_new = true;
	return answer_see(request, "/");
}
