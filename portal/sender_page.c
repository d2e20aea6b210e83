#include "portal/sender_page.h"

#include <string.h>

#include "audit/audit.h"
#include "audit/state.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "delivery/parcel/sender_page.h"
#include "keystore/trust.h"
#include "mail/layout.h"
#include "portal/answer.h"

static const struct statement track_find = {
	"track_find", "select message, sender, extract(epoch from created_at)::bigint from "
		      "postseal.sender_page where digest = $1"};

/* A message that was read stays readable for its reader; without a courier's copy of the key, no
 * new code can be made. */
static const struct statement track_copies = {
	"track_copies",
	"select c.id, c.recipient, c.state, extract(epoch from c.state_at)::bigint, k.id,"
	" k.opened_at is null, postseal.courier_opens(k.boxed) and k.opened_at is null and k.account is null,"
	" exists (select from postseal.attestation a where a.kind = 'account' and a.address = "
	"c.address"
	"  and a.author = $2 and a.revoked_at is null), c.address, k.subject "
	"from postseal.copy c left join postseal.parcel_key k on k.copy = c.id "
	"where c.message = $1 and c.method = 'pickup' order by c.recipient"};

static const struct statement recall_key = {
	"track_recall", "delete from postseal.parcel_key where id = $1 and opened_at is null"};

static const struct statement renew_key = {"track_renew", "select postseal.parcel_key_renew($1)"};

struct tracked {
	struct identifier message;
	char *sender;
	gint64 at;
	PGresult *copies;
};
enum { COPY, RECIPIENT, STATE, STATE_AT, KEY, IS_UNREAD, CAN_RENEW, IS_TRUSTED, ADDRESS, SUBJECT };

static void
tracked_clear(struct tracked *tracked)
{
	g_free(tracked->sender);
	PQclear(tracked->copies);
}
typedef struct tracked tracked_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(tracked_auto, tracked_clear)

static bool
find_copies(struct request *request, struct tracked *tracked, struct fault *fault)
{
	g_autofree char *author = address_fold(tracked->sender);
	struct parameters parameters = {0};

	parameters_text(&parameters, tracked->message.text);
	parameters_text(&parameters, author);
	return connection_execute(request->connection, &track_copies, &parameters, &tracked->copies,
				  fault);
}

static bool
find(struct request *request, struct tracked *tracked_r, bool *found_r, struct fault *fault)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*found_r = track_digest(request->web.tail, digest);
	if (!*found_r)
		return true;
	parameters_bytes(&parameters, digest, sizeof digest);
	if (!connection_execute(request->connection, &track_find, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	if (!*found_r)
		return true;
	identifier_parse(&tracked_r->message, PQgetvalue(result, 0, 0));
	tracked_r->sender = g_strdup(PQgetvalue(result, 0, 1));
	tracked_r->at = result_number(result, 0, 2);
	return find_copies(request, tracked_r, fault);
}

/* --- the page --- */

/* NULL: it is not known any more, as nothing waits that its sender could act on. Caller frees. */
static char *
subject_of(const struct request *request, const struct tracked *tracked)
{
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		size_t length;
		g_autofree unsigned char *sealed =
			result_bytes(tracked->copies, row, SUBJECT, &length);
		g_autofree char *subject = track_open_subject(
			sealed, length, request->web.tail, PQgetvalue(tracked->copies, row, KEY));

		if (subject != NULL)
			return layout_line(subject);
	}
	return NULL;
}

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
		{"nothing", N_("Nothing was changed: the message was read meanwhile, or this had "
			       "already been done.")}};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (strcmp(request_query(request, "done"), texts[i].name) == 0)
			return request_say(request, texts[i].text);
	return NULL;
}

static void
show_subject(const struct request *request, const struct tracked *tracked, struct page *page)
{
	g_autofree char *subject = subject_of(request, tracked);

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

	show_subject(request, tracked, page);
	page_text(page, "sent", sent);
	page_text_if_any(page, "done", done_text(request));
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		g_autofree char *when =
			request_date(request, result_number(tracked->copies, row, STATE_AT));
		bool is_unread = !PQgetisnull(tracked->copies, row, KEY) &&
				 result_flag(tracked->copies, row, IS_UNREAD);

		page_repeat(page, "copy");
		page_text(page, "recipient", PQgetvalue(tracked->copies, row, RECIPIENT));
		page_text(page, "state",
			  request_say(request,
				      copy_state_shown(PQgetvalue(tracked->copies, row, STATE))));
		page_text(page, "when", when);
		page_attribute(page, "copy-id", "value", PQgetvalue(tracked->copies, row, COPY));
		if (!is_unread)
			page_remove(page, "recall");
		if (!result_flag(tracked->copies, row, CAN_RENEW))
			page_remove(page, "renew");
		if (!result_flag(tracked->copies, row, IS_TRUSTED))
			page_remove(page, "revoke");
	}
	page_repeat_end(page, "copy");
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

	if (!find(request, &tracked, &found, &fault))
		return answer_fault(request, &fault);
	return found ? show(request, &tracked) : answer_unknown(request);
}

/* --- actions --- */

static bool
recall_copy(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	struct parameters key = {0};

	parameters_text(&key, PQgetvalue(tracked->copies, row, KEY));
	return batch_add(request->connection, &recall_key, &key, fault) &&
	       audit_move_parked(request->connection, PQgetvalue(tracked->copies, row, COPY),
				 COPY_RECALLED, "by its sender, unread", fault);
}

static bool
renew_copy(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	struct parameters key = {0};

	parameters_text(&key, PQgetvalue(tracked->copies, row, KEY));
	return batch_add(request->connection, &renew_key, &key, fault) &&
	       audit_move_parked(request->connection, PQgetvalue(tracked->copies, row, COPY),
				 COPY_PARKED, "its sender asked for a new link and code", fault) &&
	       audit_event(request->connection, tracked->message.text,
			   PQgetvalue(tracked->copies, row, COPY), "renewed", "new link and code",
			   fault);
}

static bool
revoke_trust(struct request *request, const struct tracked *tracked, int row, struct fault *fault)
{
	g_autofree char *author = address_fold(tracked->sender);

	return trust_doubt(request->connection, author, PQgetvalue(tracked->copies, row, ADDRESS),
			   "revoked by its sender on the message's page", fault) &&
	       audit_event(request->connection, tracked->message.text,
			   PQgetvalue(tracked->copies, row, COPY), "trust revoked", tracked->sender,
			   fault);
}

/* A recall cannot be undone, so the sender is asked first. */
static enum MHD_Result
ask_recall(struct request *request, const struct tracked *tracked, int row)
{
	g_autoptr(page_auto) page = answer_begin(request, "recall.html");

	show_subject(request, tracked, page);
	page_text(page, "recipient", PQgetvalue(tracked->copies, row, RECIPIENT));
	page_attribute(page, "copy-id", "value", PQgetvalue(tracked->copies, row, COPY));
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
	return !PQgetisnull(tracked->copies, row, KEY) &&
	       result_flag(tracked->copies, row, IS_UNREAD);
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
	if (strcmp(action, renew.name) == 0 && result_flag(tracked->copies, row, CAN_RENEW))
		return &renew;
	if (strcmp(action, revoke.name) == 0 && result_flag(tracked->copies, row, IS_TRUSTED))
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
	for (int row = 0; row < PQntuples(tracked->copies); row++) {
		if (strcmp(PQgetvalue(tracked->copies, row, COPY),
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

	if (!find(request, &tracked, &found, &fault))
		return answer_fault(request, &fault);
	return found ? act(request, &tracked) : answer_unknown(request);
}
