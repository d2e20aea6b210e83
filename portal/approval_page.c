#include "portal/approval_page.h"

#include <jansson.h>
#include <string.h>

#include "core/catalogue.h"
#include "core/crash.h"
#include "delivery/approval/approval.h"
#include "delivery/method.h"
#include "portal/answer.h"

enum { BECAUSE_MAX = 2000 }; /* bytes; the page allows 500 characters */

static const struct statement link_find = {
	"approval_link_find",
	"select l.person, l.is_sender, a.sender, a.reason, a.officers, extract(epoch from a.held_at)::bigint,"
	" extract(epoch from a.expires_at)::bigint, coalesce(a.decision, case when a.expires_at <= now() then 'expired' end),"
	" extract(epoch from coalesce(a.decided_at, a.expires_at))::bigint, a.decided_by, a.decided_because,"
	" (select json_agg(c.address order by c.number) from postseal.approval_copy c where c.approval = a.id) "
	"from postseal.approval_link_find($1) l join postseal.approval a on a.id = l.approval"};
enum {
	PERSON,
	IS_SENDER,
	SENDER,
	REASON,
	OFFICERS,
	HELD_AT,
	EXPIRES_AT,
	DECISION,
	DECIDED_AT,
	DECIDED_BY,
	BECAUSE,
	RECIPIENTS
};

static const struct statement link_decide = {"approval_link_decide",
					     "select postseal.approval_decide_by_link($1, $2, $3)"};

/* *found_r has no row if the link is unknown. */
static bool
find(struct request *request, PGresult **found_r, struct fault *fault)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};

	*found_r = NULL;
	if (!approval_link_digest(request->web.tail, digest))
		return true;
	parameters_bytes(&parameters, digest, sizeof digest);
	return connection_execute(request->connection, &link_find, &parameters, found_r, fault);
}

/* Asked of the file as it is now: who has left approves nothing, even before the portal is
 * restarted. */
static bool
may_look(const struct request *request, const PGresult *link, bool *may_r, struct fault *fault)
{
	const struct portal *portal = request->portal;
	g_autoptr(policy_auto) policy = NULL;

	*may_r = result_flag(link, 0, IS_SENDER);
	if (*may_r)
		return true;
	if (portal->config != NULL)
		policy = policy_read(portal->config, methods_for_policy());
	if (policy == NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "asking whether %s may approve messages: the rules have errors",
				 PQgetvalue(link, 0, PERSON));
	*may_r = policy_may_approve(policy, PQgetvalue(link, 0, OFFICERS),
				    PQgetvalue(link, 0, PERSON));
	return true;
}

/* --- the page --- */

static const char *
decision_shown(const char *decision)
{
	static const struct {
		const char *word, *shown;
	} decisions[] = {{"released", N_("approved")},
			 {"refused", N_("refused")},
			 {"recalled", N_("recalled")},
			 {"expired", N_("refused: nobody decided in time")}};

	for (size_t i = 0; i < G_N_ELEMENTS(decisions); i++)
		if (strcmp(decisions[i].word, decision) == 0)
			return decisions[i].shown;
	return decision;
}

static void
fill_recipients(struct page *page, const PGresult *link)
{
	g_autoptr(json_t) list = PQgetisnull(link, 0, RECIPIENTS)
					 ? NULL
					 : json_loads(PQgetvalue(link, 0, RECIPIENTS), 0, NULL);
	json_t *address;
	size_t i;

	json_array_foreach(list, i, address)
	{
		page_repeat(page, "each");
		page_text(page, "recipient",
			  json_is_string(address) ? json_string_value(address) : "");
	}
	page_repeat_end(page, "each");
}

static void
fill_decision(const struct request *request, struct page *page, const PGresult *link)
{
	const char *because = result_text(link, 0, BECAUSE), *by = result_text(link, 0, DECIDED_BY);
	g_autofree char *when = NULL;

	if (PQgetisnull(link, 0, DECISION)) {
		page_remove(page, "decision");
		page_remove(page, "by-line");
		page_remove(page, "given-line");
		return;
	}
	when = request_date(request, result_number(link, 0, DECIDED_AT));
	page_text(page, "what",
		  request_say(request, decision_shown(PQgetvalue(link, 0, DECISION))));
	page_text(page, "when", when);
	page_text(page, "by", by == NULL ? "" : by);
	page_text(page, "given", because == NULL ? "" : because);
	if (by == NULL)
		page_remove(page, "by-line");
	if (because == NULL)
		page_remove(page, "given-line");
}

static enum MHD_Result
show(struct request *request, const PGresult *link)
{
	g_autoptr(page_auto) page = answer_begin(request, "approval.html");
	const bool waits = PQgetisnull(link, 0, DECISION);
	const bool is_sender = result_flag(link, 0, IS_SENDER);
	g_autofree char *since = request_date(request, result_number(link, 0, HELD_AT));
	g_autofree char *until = request_date(request, result_number(link, 0, EXPIRES_AT));

	page_choose(page, waits, "waits", "decided");
	page_text(page, "sender", PQgetvalue(link, 0, SENDER));
	fill_recipients(page, link);
	page_text(page, "reason", PQgetvalue(link, 0, REASON));
	page_text(page, "since", since);
	fill_decision(request, page, link);
	page_choose(page, is_sender, "own", "asked");
	page_text(page, "until", until);
	if (!waits) {
		page_remove(page, "until-line");
		page_remove(page, is_sender ? "own" : "asked");
	}
	return answer_page(request, MHD_HTTP_OK, page);
}

static enum MHD_Result
answer_unknown(struct request *request)
{
	return answer_outcome(request, MHD_HTTP_NOT_FOUND, "This link no longer works",
			      "The message was decided some time ago, or the link is incomplete. "
			      "Nothing was changed.");
}

static enum MHD_Result
answer_without_right(struct request *request)
{
	return answer_outcome(
		request, MHD_HTTP_FORBIDDEN, "You may not approve this message",
		"You are no longer among those who approve such messages. Nothing was "
		"changed.");
}

/* --- deciding --- */

/* What the pressed button means in the database, or NULL; which link may do what, it knows itself.
 */
static const char *
decision_for(const struct request *request)
{
	static const struct {
		const char *action, *decision;
	} actions[] = {{"release", "released"}, {"refuse", "refused"}, {"recall", "recalled"}};

	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
		if (strcmp(request_field(request, "action"), actions[i].action) == 0)
			return actions[i].decision;
	return NULL;
}

/* The reason is one line in the mail and on record. */
static void
join_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (*from != '\r')
			*to++ = g_ascii_iscntrl(*from) ? ' ' : *from;
	*to = '\0';
}

static bool
decide(struct request *request, const char *decision, struct fault *fault)
{
	const char *written = request_field(request, "because");
	g_autofree char *because =
		g_utf8_make_valid(written, (gssize)strnlen(written, BECAUSE_MAX));
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};

	join_lines(because);
	approval_link_digest(request->web.tail, digest);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_text(&parameters, decision);
	parameters_text(&parameters, g_strstrip(because));
	crash_point("portal-before-decision");
	if (!connection_execute(request->connection, &link_decide, &parameters, NULL, fault))
		return false;
	crash_point("portal-after-decision");
	return true;
}

/* `decision` NULL: the page is only shown. */
static enum MHD_Result
serve(struct request *request, const char *decision)
{
	g_autoptr(PGresult) link = NULL;
	struct fault fault;
	bool may;

	if (!find(request, &link, &fault))
		return answer_fault(request, &fault);
	if (link == NULL || PQntuples(link) == 0)
		return answer_unknown(request);
	if (!may_look(request, link, &may, &fault))
		return answer_fault(request, &fault);
	if (!may)
		return answer_without_right(request);
	if (decision == NULL)
		return show(request, link);
	return decide(request, decision, &fault) ? answer_see(request, request->web.path)
						 : answer_fault(request, &fault);
}

enum MHD_Result
approval_page_show(struct request *request)
{
	return serve(request, NULL);
}

/* Whoever comes second changes nothing; either way, the page says what was decided. */
enum MHD_Result
approval_page_act(struct request *request)
{
	return serve(request, decision_for(request));
}
