#include "portal/unlock.h"

#include <string.h>

#include "audit/audit.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "core/quote.h"
#include "delivery/outbox/receipt.h"
#include "delivery/parcel/parcel.h"
#include "portal/answer.h"
#include "portal/mailbox.h"
#include "portal/web/throttle.h"

/* A try is counted before it is made: however many arrive at once, no more than allowed are made.
 */
static const struct statement try_take = {
	"opening_try", "update postseal.parcel_key set tries = tries + 1 "
		       "where id = $1 and locked_at is null and tries < $2 returning tries"};

static const struct statement try_reset = {
	"opening_try_reset", "update postseal.parcel_key set tries = 0 where id = $1"};

static const struct statement key_lock = {
	"opening_lock", "update postseal.parcel_key set locked_at = now() where id = $1"};

static enum MHD_Result
show_form(struct request *request, unsigned status, const char *wrong)
{
	g_autoptr(page_auto) page = answer_begin(request, "unlock.html");

	answer_wrong(page, wrong, "code-field");
	page_attribute(page, "code-field", "value", request_field(request, "code"));
	return answer_page(request, status, page);
}

enum MHD_Result
unlock_give_back(struct request *request, unsigned status, const char *why)
{
	return show_form(request, status, why);
}

enum MHD_Result
unlock_show_gone(struct request *request, enum parcel_gone gone)
{
	switch (gone) {
	case PARCEL_RECALLED:
		return answer_outcome(
			request, MHD_HTTP_GONE, "This message was recalled",
			"Its sender has taken it back, so it can no longer be opened. "
			"If you expect something from them, please ask them.");
	case PARCEL_DELETED:
		return answer_outcome(
			request, MHD_HTTP_GONE, "This message was deleted",
			"It was deleted by whoever received it. If you still need it, "
			"please ask its sender to send it again.");
	case PARCEL_LOST:
		return answer_outcome(
			request, MHD_HTTP_GONE, "This message was lost",
			"Its key was deleted, for example with an account, so nobody can open it any "
			"more. If you still need it, please ask its sender to send it again.");
	case PARCEL_LINK_REPLACED:
		return answer_outcome(request, MHD_HTTP_GONE, "There is a newer link",
				      "A newer email about this message has a link of its own, and "
				      "a new code goes with it. Please use the link in the latest "
				      "email.");
	default:
		return answer_outcome(request, MHD_HTTP_GONE, "This message has expired",
				      "It was kept for a limited time, which is over. If you still "
				      "need it, please ask its sender to send it again.");
	}
}

/* False: what the link leads to is not known to be gone, and nothing was answered. */
static bool
answer_if_gone(struct request *request, enum MHD_Result *answered_r)
{
	enum parcel_gone gone;
	struct fault fault;

	if (!parcel_find_gone(request->connection, request->web.tail, &gone, &fault))
		*answered_r = answer_fault(request, &fault);
	else if (gone != PARCEL_NOT_GONE)
		*answered_r = unlock_show_gone(request, gone);
	else
		return false;
	return true;
}

enum MHD_Result
unlock_form(struct request *request)
{
	enum MHD_Result answered;

	return answer_if_gone(request, &answered) ? answered
						  : show_form(request, MHD_HTTP_OK, NULL);
}

static enum MHD_Result
show_wrong(struct request *request, unsigned tries_left)
{
	g_autofree char *text = NULL;

	if (tries_left == 0)
		return show_form(
			request, MHD_HTTP_FORBIDDEN,
			request_say(request,
				    "This link and this code do not belong together. Please "
				    "check that you are using the link from the latest email; "
				    "it may also have expired."));
	text = g_strdup_printf(
		translate_plural(request->web.language,
				 "That is not the code for this message. You can try %u more time.",
				 "That is not the code for this message. You can try %u more "
				 "times.",
				 tries_left),
		tries_left);
	return show_form(request, MHD_HTTP_FORBIDDEN, text);
}

static enum MHD_Result
show_locked(struct request *request)
{
	return answer_outcome(request, MHD_HTTP_FORBIDDEN, "This message is locked",
			      "Too many wrong codes were entered. The sender has been told, and "
			      "can send you a new link and a new code.");
}

static enum MHD_Result
show_too_often(struct request *request)
{
	return answer_too_often(request,
				"Too many codes were tried from your network or for your address. "
				"Please wait an hour, then try again.");
}

/* The last allowed try was wrong: the message is locked, and its sender is told. */
static bool
lock(struct request *request, const struct parcel_key *key, struct fault *fault)
{
	struct parameters id = {0};
	const struct receipt receipt = {.message = key->message,
					.parcel = key->parcel.text,
					.sender = key->sender,
					.recipient = key->recipient,
					.what = "locked",
					.form = key->receipt};

	parameters_text(&id, key->id.text);
	return batch_begin(request->connection, fault) &&
	       batch_add(request->connection, &key_lock, &id, fault) &&
	       audit_move_parked(request->connection, key->copy.text, COPY_LOCKED,
				 "too many wrong unlock codes", fault) &&
	       receipt_note(request->connection, request->portal->settings, &receipt, fault) &&
	       batch_commit(request->connection, fault);
}

/* Moves the message into the mailbox if it was sent to this member. */
static bool
adopt(struct request *request, const GPtrArray *opened, const GPtrArray *senders,
      struct fault *fault)
{
	const struct mailbox_adoption adoption = {.account = &request->session.account,
						  .keys = &request->session.keys,
						  .opened = opened,
						  .senders = senders,
						  .settings = request->portal->settings};

	return request->session.state != SESSION_MEMBER ||
	       mailbox_adopt(request->connection, &adoption, fault);
}

/* The code was right: makes a session that may open this message as well. */
static bool
let_in(struct request *request, const struct parcel_key *key, const struct seal_key *content,
       struct fault *fault)
{
	struct connection *connection = request->connection;
	g_autoptr(GPtrArray) opened = session_opened(connection, &request->session, fault);
	g_autoptr(GPtrArray) senders = NULL;
	g_autofree char *how =
		g_strdup_printf("with link and unlock code, from %s", request->web.network);
	struct parameters id = {0};

	if (opened == NULL)
		return false;
	session_add_opened(opened, &key->id, content);
	if (request->session.state == SESSION_MEMBER)
		senders = mailbox_senders(connection, request->session.account.address, opened,
					  fault);
	else
		request->session.state = SESSION_GUEST;
	if (request->session.state == SESSION_MEMBER && senders == NULL)
		return false;
	parameters_text(&id, key->id.text);
	return batch_begin(connection, fault) && batch_add(connection, &try_reset, &id, fault) &&
	       audit_event(connection, key->message, key->copy.text, "unlocked", how, fault) &&
	       adopt(request, opened, senders, fault) &&
	       request_begin_session(request, opened, fault);
}

static bool
take_try(struct request *request, const struct parcel_key *key, unsigned *tries_r,
	 struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*tries_r = 0;
	parameters_text(&parameters, key->id.text);
	parameters_number(&parameters, (int64_t)request->portal->settings->pickup_tries);
	if (!connection_execute(request->connection, &try_take, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 1)
		*tries_r = (unsigned)result_number(result, 0, 0);
	return true;
}

static bool
give_back(struct request *request, const char *address, struct fault *fault)
{
	return throttle_give_back(request->connection, &throttle_code_network, request->web.network,
				  fault) &&
	       throttle_give_back(request->connection, &throttle_code_address, address, fault);
}

static bool
note_wrong(struct request *request, const struct parcel_key *key, struct fault *fault)
{
	g_autofree char *whence = g_strconcat("from ", request->web.network, NULL);

	return batch_begin(request->connection, fault) &&
	       audit_event(request->connection, key->message, key->copy.text, "wrong unlock code",
			   whence, fault) &&
	       batch_commit(request->connection, fault);
}

static enum MHD_Result
try_key(struct request *request, const struct parcel_key *key, const char *address,
	const struct code *code)
{
	unsigned allowed = (unsigned)request->portal->settings->pickup_tries, tries;
	g_autofree char *place = NULL, *quoted = NULL;
	struct seal_key content;
	struct fault fault;
	bool opened, done;

	if (!take_try(request, key, &tries, &fault))
		return answer_fault(request, &fault);
	if (tries == 0)
		return show_locked(request);
	if (!parcel_unlock(key, request->web.tail, code, &content, &opened, &fault))
		return answer_fault(request, &fault);
	quoted = quote(key->recipient);
	log_info("code is %s: network=%s, message=%s, to=%s", opened ? "right" : "wrong",
		 request->web.network, key->message, quoted);
	if (opened) {
		done = give_back(request, address, &fault) &&
		       let_in(request, key, &content, &fault);
		sodium_memzero(&content, sizeof content);
		place = g_strconcat("/message/", key->id.text, NULL);
		return done ? answer_see(request, place) : answer_fault(request, &fault);
	}
	if (!note_wrong(request, key, &fault))
		return answer_fault(request, &fault);
	if (tries < allowed)
		return show_wrong(request, allowed - tries);
	return lock(request, key, &fault) ? show_locked(request) : answer_fault(request, &fault);
}

static enum MHD_Result
try_link(struct request *request, const struct code *code)
{
	struct parcel_key key = {0};
	g_autofree char *address = NULL;
	enum MHD_Result answered;
	struct fault fault = {0};
	bool found, allowed = true;

	if (!parcel_find(request->connection, request->web.tail, &key, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return answer_if_gone(request, &answered) ? answered : show_wrong(request, 0);
	address = address_fold(key.recipient);
	if (!throttle_take(request->connection, &throttle_code_address, address, &allowed, &fault))
		answered = answer_fault(request, &fault);
	else
		answered =
			allowed ? try_key(request, &key, address, code) : show_too_often(request);
	parcel_key_clear(&key);
	return answered;
}

enum MHD_Result
unlock_submit(struct request *request)
{
	enum MHD_Result answered;
	struct fault fault;
	struct code code;
	bool allowed;

	if (!code_read(&code, request_field(request, "code")))
		return show_form(request, MHD_HTTP_BAD_REQUEST,
				 request_say(request,
					     "The code is incomplete or contains a typing mistake. "
					     "Please check it; this did not count as an attempt."));
	if (!throttle_take(request->connection, &throttle_code_network, request->web.network,
			   &allowed, &fault))
		return answer_fault(request, &fault);
	answered = allowed ? try_link(request, &code) : show_too_often(request);
	sodium_memzero(&code, sizeof code);
	return answered;
}
