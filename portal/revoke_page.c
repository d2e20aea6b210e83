#include "portal/revoke_page.h"

#include "delivery/outbox/trust_link.h"
#include "portal/answer.h"

static const struct statement link_find = {
	"trust_link_find",
	"select sender, recipient, extract(epoch from used_at)::bigint from postseal.trust_link "
	"where digest = $1 and expires_at > now()"};
enum { SENDER, RECIPIENT, USED_AT };

static const struct statement link_use = {
	"trust_link_use",
	"select postseal.trust_link_use($1, 'revoked by its sender with the link in a receipt')"};

/* *result_r has no row if the link is unknown or has expired. */
static bool
ask(struct request *request, const struct statement *statement, const char *token,
    PGresult **result_r, struct fault *fault)
{
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};

	*result_r = NULL;
	if (!trust_link_digest(token, digest))
		return true;
	parameters_bytes(&parameters, digest, sizeof digest);
	return connection_execute(request->connection, statement, &parameters, result_r, fault);
}

static enum MHD_Result
show(struct request *request, const PGresult *link)
{
	g_autoptr(page_auto) page = answer_begin(request, "revoke.html");
	bool is_used = !PQgetisnull(link, 0, USED_AT);
	g_autofree char *when = NULL;

	page_text(page, "sender", PQgetvalue(link, 0, SENDER));
	page_text(page, "recipient", PQgetvalue(link, 0, RECIPIENT));
	page_choose(page, is_used, "used", "asked");
	if (is_used) {
		when = request_date(request, result_number(link, 0, USED_AT));
		page_text(page, "when", when);
	}
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
revoke_page_show(struct request *request)
{
	g_autoptr(PGresult) link = NULL;
	struct fault fault;

	if (!ask(request, &link_find, request->web.tail, &link, &fault))
		return answer_fault(request, &fault);
	if (link == NULL || PQntuples(link) == 0)
		return answer_outcome(request, MHD_HTTP_NOT_FOUND, "This link no longer works",
				      "It has expired. Nothing was changed. You can also require a "
				      "new code on the page for your message: the link to it is in "
				      "the emails about the message.");
	return show(request, link);
}

/* A link that is used twice has no effect the second time; either way, its page says what is so. */
enum MHD_Result
revoke_page_act(struct request *request)
{
	g_autoptr(PGresult) used = NULL;
	struct fault fault;

	return ask(request, &link_use, request->web.tail, &used, &fault)
		       ? answer_see(request, request->web.path)
		       : answer_fault(request, &fault);
}
