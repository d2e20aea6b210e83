#include "portal/sender_page.h"

#include <string.h>

#include "audit/audit.h"
#include "audit/state.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "keystore/trust.h"
#include "portal/answer.h"
#include "portal/sender_file_page.h"
#include "portal/tracked.h"

static const struct statement recall_key = {
	"track_recall", "delete from postseal.parcel_key where id = $1 and opened_at is null"};

static const struct statement renew_key = {"track_renew", "select postseal.parcel_key_renew($1)"};

/* --- the page --- */

/* What the page says once about a button that was pressed: its name is in the query. */
static const char *
done_text(const struct request *request)
{
	static const struct {
		const char *name, *text;
	} texts[] = {
		{"recall", N_("The message was recalled. Its link no longer opens anything.")},
		{"renew",
		 N_("A new link is on its way to your recipient, and a new code to you. The "
		    "old ones no longer work.")},
		{"revoke", N_("From your next message on, this recipient needs a code again.")},
		{"added", N_("It was added to the message.")},
		{"taken-out", N_("The file was taken out. It can no longer be downloaded.")},
		{"kept",
		 N_("The file was not taken out: it was downloaded meanwhile, or the message "
		    "is no longer available.")},
		{"closed",
		 N_("Nothing was added: the message is no longer available, or it waits for "
		    "approval.")},
		{"full", N_("There is no room for this file. Take out others first, or wait until "
			    "earlier messages have expired.")},
		{"empty", N_("Nothing was added: no file was chosen, or it is empty.")},
		{"others",
		 N_("Nothing was added, as other files are still arriving. Please try again "
		    "when they are listed.")},
		{"nothing", N_("Nothing was changed: the message was read meanwhile, or this had "
			       "already been done.")}};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strcmp(request_query(request, "done"), texts[i].name) == 0)
			return request_say(request, texts[i].text);
	return NULL;
}

static void
show_subject(const struct tracked *tracked, struct page *page)
{
	g_autofree char *subject = tracked_subject(tracked);

	if (subject == NULL)
		page_remove(page, "subject-line");
	else
		page_text(page, "subject", subject);
}

static enum MHD_Result
show(struct request *request, const struct tracked *tracked)
{
	g_autoptr(page_auto) page = answer_begin(request, "track.html");
	g_autofree char *sent = request_date(request, tracked->at);
	struct fault fault;

	show_subject(tracked, page);
	page_text(page, "sent", sent);
	page_text_if_any(page, "done", done_text(request));
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		g_autofree char *when = request_date(
			request, result_number(tracked->copies, row, TRACKED_STATE_AT));
		bool is_unread = !PQgetisnull(tracked->copies, row, TRACKED_KEY) &&
				 result_flag(tracked->copies, row, TRACKED_IS_UNREAD);

		page_repeat(page, "copy");
		page_text(page, "recipient", PQgetvalue(tracked->copies, row, TRACKED_RECIPIENT));
		page_text(page, "state",
			  request_say(request, copy_state_shown(PQgetvalue(tracked->copies, row,
									   TRACKED_STATE))));
		page_text(page, "when", when);
		page_attribute(page, "copy-id", "value",
			       PQgetvalue(tracked->copies, row, TRACKED_COPY));
		if (!is_unread)
			page_remove(page, "recall");
		if (!result_flag(tracked->copies, row, TRACKED_CAN_RENEW))
			page_remove(page, "renew");
		if (!result_flag(tracked->copies, row, TRACKED_IS_TRUSTED))
			page_remove(page, "revoke");
	}
	page_repeat_end(page, "copy");
	if (!sender_file_page_fill(request, tracked, page, &fault))
		return answer_fault(request, &fault);
	return answer_page(request, MHD_HTTP_OK, page);
}

static enum MHD_Result
answer_unknown(struct request *request)
{
	return answer_outcome(request, MHD_HTTP_NOT_FOUND, "Not found",
			      "There is no information about this message any more. Please "
			      "check that you are using the link from the email about it; it "
			      "may also have expired.");
}

enum MHD_Result
sender_page_show(struct request *request)
{
	g_auto(tracked_auto) tracked = {0};
	struct fault fault;
	bool found;

	if (!tracked_find(request, &tracked, &found, &fault))
		return answer_fault(request, &fault);
	return found ? show(request, &tracked) : answer_unknown(request);
}

/* --- actions --- */

static bool
recall_copy(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	struct parameters key = {0};

	parameters_text(&key, PQgetvalue(tracked->copies, row, TRACKED_KEY));
	return batch_add(request->connection, &recall_key, &key, fault) &&
	       audit_move_parked(request->connection,
				 PQgetvalue(tracked->copies, row, TRACKED_COPY), COPY_RECALLED,
				 "by its sender, unread", fault);
}

static bool
renew_copy(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	struct parameters key = {0};

	parameters_text(&key, PQgetvalue(tracked->copies, row, TRACKED_KEY));
	return batch_add(request->connection, &renew_key, &key, fault) &&
	       audit_move_parked(request->connection,
				 PQgetvalue(tracked->copies, row, TRACKED_COPY), COPY_PARKED,
				 "its sender asked for a new link and code", fault) &&
	       audit_event(request->connection, tracked->message.text,
			   PQgetvalue(tracked->copies, row, TRACKED_COPY), "renewed",
			   "new link and code", fault);
}

static bool
revoke_trust(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	g_autofree char *author = address_fold(tracked->sender);

	return trust_doubt(request->connection, author,
			   PQgetvalue(tracked->copies, row, TRACKED_ADDRESS),
			   "revoked by its sender on the message's page", fault) &&
	       audit_event(request->connection, tracked->message.text,
			   PQgetvalue(tracked->copies, row, TRACKED_COPY), "trust revoked",
			   tracked->sender, fault);
}

/* A recall cannot be undone, so the sender is asked first. */
static enum MHD_Result
ask_recall(struct request *request, const struct tracked *tracked, int row)
{
	g_autoptr(page_auto) page = answer_begin(request, "recall.html");

	show_subject(tracked, page);
	page_text(page, "recipient", PQgetvalue(tracked->copies, row, TRACKED_RECIPIENT));
	page_attribute(page, "copy-id", "value", PQgetvalue(tracked->copies, row, TRACKED_COPY));
	page_attribute(page, "recall", "action", request->web.path);
	page_attribute(page, "back", "href", request->web.path);
	return answer_page(request, MHD_HTTP_OK, page);
}

typedef bool action_function(struct request *request, const struct tracked *tracked, int row,
			     struct fault *fault);

struct action {
	const char *name, *done; /* in the form, and in the query of the page that follows */
	action_function *run;
};

static bool
can_be_recalled(const struct tracked *tracked, int row)
{
	return !PQgetisnull(tracked->copies, row, TRACKED_KEY) &&
	       result_flag(tracked->copies, row, TRACKED_IS_UNREAD);
}

/* The action that was requested, if it is possible for this copy; NULL: nothing. */
static const struct action *
action_for(const struct request *request, const struct tracked *tracked, int row)
{
	static const struct action recall = {"recall-now", "recall", recall_copy},
				   renew = {"renew", "renew", renew_copy},
				   revoke = {"revoke", "revoke", revoke_trust};
	const char *action = request_field(request, "action");

	if (strcmp(action, recall.name) == 0 && can_be_recalled(tracked, row))
		return &recall;
	if (strcmp(action, renew.name) == 0 && result_flag(tracked->copies, row, TRACKED_CAN_RENEW))
		return &renew;
	if (strcmp(action, revoke.name) == 0 &&
	    result_flag(tracked->copies, row, TRACKED_IS_TRUSTED))
		return &revoke;
	return NULL;
}

static enum MHD_Result
act_on(struct request *request, const struct tracked *tracked, int row)
{
	const struct action *action = action_for(request, tracked, row);
	g_autofree char *place = g_strconcat(
		request->web.path, "?done=", action == NULL ? "nothing" : action->done, NULL);
	struct fault fault;

	if (action != NULL && (!batch_begin(request->connection, &fault) ||
			       !action->run(request, tracked, row, &fault) ||
			       !batch_commit(request->connection, &fault)))
		return answer_fault(request, &fault);
	return answer_see(request, place);
}

static enum MHD_Result
act(struct request *request, const struct tracked *tracked)
{
	if (strcmp(request_field(request, "action"), "take-out") == 0)
		return sender_file_page_ask(request, tracked);
	if (strcmp(request_field(request, "action"), "take-out-now") == 0)
		return sender_file_page_remove(request, tracked);
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		if (strcmp(PQgetvalue(tracked->copies, row, TRACKED_COPY),
			   request_field(request, "copy")) != 0)
			continue;
		if (strcmp(request_field(request, "action"), "recall") == 0 &&
		    can_be_recalled(tracked, row))
			return ask_recall(request, tracked, row);
		return act_on(request, tracked, row);
	}
	return answer_see(request, request->web.path);
}

enum MHD_Result
sender_page_act(struct request *request)
{
	g_auto(tracked_auto) tracked = {0};
	struct fault fault;
	bool found;

	if (!tracked_find(request, &tracked, &found, &fault))
		return answer_fault(request, &fault);
	return found ? act(request, &tracked) : answer_unknown(request);
}
