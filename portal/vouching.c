#include "portal/vouching.h"

#include <string.h>

#include "core/catalogue.h"
#include "keystore/trust.h"
#include "portal/answer.h"
#include "portal/confirm.h"

/* What members state about themselves is the list of their own keys. */
static const struct statement vouched = {
	"member_vouched",
	"select id, kind, subject, author, how, extract(epoch from made_at)::bigint "
	"from postseal.attestation where address = $1 and how <> 'signed in' and revoked_at is null "
	"order by made_at desc limit 2000"};

static const struct statement vouched_one = {
	"member_vouched_one",
	"select id, kind, subject, author, how from postseal.attestation "
	"where address = $1 and id::text = $2 and how <> 'signed in' and revoked_at is null"};
enum { ID, KIND, SUBJECT, AUTHOR, HOW, MADE_AT };

struct ground {
	const char *how, *text; /* the author follows */
};

static const struct ground grounds[] = {
	{"unlock code", N_("You used an unlock code from:")},
	{"administrator", N_("Confirmed by:")},
	{"wkd", N_("Published by your domain:")},
	{"dane", N_("Published by your domain:")},
	{"domain key", N_("Published by your domain:")},
	{"ldap", N_("Found in the directory of:")},
	{"signed mail", N_("Found on a signed email from:")},
};

static const char *
ground_shown(const struct request *request, const char *how)
{
	for (size_t i = 0; i < G_N_ELEMENTS(grounds); i++)
		if (strcmp(grounds[i].how, how) == 0)
			return request_say(request, grounds[i].text);
	return request_say(request, N_("Found on the Internet:"));
}

/* Whoever administers the organisation is not named outside it. */
static const char *
author_shown(const struct request *request, const PGresult *stated, int row)
{
	return strcmp(PQgetvalue(stated, row, HOW), "administrator") == 0
		       ? request->portal->settings->organisation
		       : PQgetvalue(stated, row, AUTHOR);
}

static const char *
kind_shown(const struct request *request, const char *kind)
{
	if (strcmp(kind, "account") == 0)
		return request_say(request, N_("Your account here"));
	return strcmp(kind, "pgp") == 0 ? "OpenPGP" : "S/MIME";
}

bool
vouching_fill(struct request *request, struct page *page, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!request_ask(request, &vouched, request->session.account.address, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *kind = PQgetvalue(result, row, KIND);
		g_autofree char *when = request_date(request, result_number(result, row, MADE_AT));

		page_repeat(page, "vouched");
		page_text(page, "vouched-kind", kind_shown(request, kind));
		if (strcmp(kind, "account") == 0)
			page_remove(page, "vouched-subject");
		else
			page_text(page, "vouched-subject", PQgetvalue(result, row, SUBJECT));
		page_text(page, "vouched-ground",
			  ground_shown(request, PQgetvalue(result, row, HOW)));
		page_text(page, "vouched-author", author_shown(request, result, row));
		page_text(page, "vouched-when", when);
		page_attribute(page, "vouched-id", "value", PQgetvalue(result, row, ID));
	}
	page_repeat_end(page, "vouched");
	if (PQntuples(result) == 0)
		page_remove(page, "vouching");
	return true;
}

/* --- revoking --- */

static bool
revoke_one(struct request *request, const PGresult *stated, struct fault *fault)
{
	g_autofree char *detail =
		g_strdup_printf("%s. %s %s", kind_shown(request, PQgetvalue(stated, 0, KIND)),
				ground_shown(request, PQgetvalue(stated, 0, HOW)),
				author_shown(request, stated, 0));

	return batch_begin(request->connection, fault) &&
	       trust_disown(request->connection, PQgetvalue(stated, 0, ID),
			    request->session.account.address, "revoked by its owner", fault) &&
	       confirm_use(request, CHANGE_TRUST_REVOKED, detail, fault) &&
	       batch_commit(request->connection, fault);
}

enum MHD_Result
vouching_revoke(struct request *request)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) stated = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!confirm_is_given(request, &answered))
		return answered;
	parameters_text(&parameters, request->session.account.address);
	parameters_text(&parameters, request_field(request, "statement"));
	if (!connection_execute(request->connection, &vouched_one, &parameters, &stated, &fault) ||
	    (PQntuples(stated) == 1 && !revoke_one(request, stated, &fault)))
		return answer_fault(request, &fault);
	return answer_see(request, "/settings");
}
