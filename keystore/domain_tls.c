#include "keystore/domain_tls.h"

#include <string.h>

/* Hosts of a policy that was withdrawn or has ended are still verified for mail that was accepted
 * under it: for longer than the MTA keeps mail in its queue. */
static const struct statement domain_tls_known = {
	"domain_tls_known",
	"select evidence, coalesce(outcome, ''), coalesce(why, ''), coalesce(policy, ''), coalesce(policy_id, ''),"
	" array_to_string(hosts, ' '), unfit, holds_until > now(), good_until > now(),"
	" to_char(asked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'),"
	" to_char(holds_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'),"
	" enforced_until > now() - interval '10 days' "
	"from postseal.domain_tls where domain = $1"};
enum { EVIDENCE, OUTCOME, WHY, POLICY, ID, HOSTS, UNFIT, HOLDS, GOOD, ASKED, UNTIL, VERIFIED };

/* A row of it, or what takes its place where there is none. */
struct known {
	const char *outcome, *why, *policy, *id, *hosts, *unfit, *asked, *until;
	bool holds, good, verified;
};

static struct known
read_row(const PGresult *result, const char *evidence)
{
	for (int row = 0; row < PQntuples(result); row++)
		if (strcmp(PQgetvalue(result, row, EVIDENCE), evidence) == 0)
			return (struct known){.outcome = PQgetvalue(result, row, OUTCOME),
					      .why = PQgetvalue(result, row, WHY),
					      .policy = PQgetvalue(result, row, POLICY),
					      .id = PQgetvalue(result, row, ID),
					      .hosts = PQgetvalue(result, row, HOSTS),
					      .unfit = result_text(result, row, UNFIT),
					      .asked = PQgetvalue(result, row, ASKED),
					      .until = PQgetvalue(result, row, UNTIL),
					      .holds = result_flag(result, row, HOLDS),
					      .good = result_flag(result, row, GOOD),
					      .verified = result_flag(result, row, VERIFIED)};
	return (struct known){.outcome = "", .policy = "", .hosts = ""};
}

static bool
is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

static bool
names(const struct settings *settings, const char *evidence)
{
	return g_strv_contains((const char *const *)settings->tls_from, evidence);
}

static void settle(struct domain_tls *tls, enum tls_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void
settle(struct domain_tls *tls, enum tls_state state, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *before = tls->because;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	tls->state = state;
	tls->because =
		before == NULL ? g_steal_pointer(&text) : g_strconcat(before, "; ", text, NULL);
}

/* --- DANE --- */

/* False: it does not settle the matter, and MTA-STS may. */
static bool
judge_dane(const struct known *known, const char *domain, struct domain_tls *tls)
{
	/* Postfix looks up the records itself. */
	if (is(known->policy, "dane"))
		tls->postfix = g_strdup("dane-only");
	if (known->holds && is(known->policy, "dane")) {
		settle(tls, TLS_AVAILABLE,
		       "DANE: every mail host of %s has TLSA records that DNSSEC proves (asked %s)",
		       domain, known->asked);
		return true;
	}
	if (is(known->outcome, "failed")) {
		settle(tls, TLS_UNKNOWN,
		       "DANE of %s could not be determined: %s (asked %s); MTA-STS does not replace "
		       "it",
		       domain, known->why, known->asked);
		tls->must_wait = tls->postfix == NULL;
		return true;
	}
	if (!known->good) {
		settle(tls, TLS_UNKNOWN, "DANE of %s is not known yet", domain);
		return true;
	}
	settle(tls, TLS_UNAVAILABLE, "DANE: %s (asked %s)", known->why, known->asked);
	return false;
}

/* --- MTA-STS --- */

/* Postfix compares the certificate's names with those of the policy, and not with the name that the
 * MX record gives: whoever forges that record has no such certificate. ".example.com" is its way of
 * writing "*.example.com". The server is to be asked for by its name (RFC 8461 §4.1). */
static char *
verify_hosts(const char *hosts)
{
	g_auto(GStrv) each = g_strsplit(hosts, " ", -1);
	g_autoptr(GString) match = g_string_new("secure servername=hostname match=");

	for (char **host = each; *host != NULL; host++)
		g_string_append_printf(match, "%s%s", host == each ? "" : ":",
				       **host == '*' ? *host + 1 : *host);
	return g_strdup(match->str);
}

static void
judge_enforced(const struct known *known, const char *domain, struct domain_tls *tls)
{
	if (known->unfit != NULL)
		settle(tls, TLS_UNAVAILABLE, "the MTA-STS policy %s of %s cannot be met: %s",
		       known->id, domain, known->unfit);
	else
		settle(tls, TLS_AVAILABLE,
		       "MTA-STS: the policy %s of %s enforces TLS with %s (asked %s, holds until "
		       "%s)%s%s",
		       known->id, domain, known->hosts, known->asked, known->until,
		       is(known->outcome, "found") ? "" : "; it could not be renewed: ",
		       is(known->outcome, "found") ? "" : known->why);
}

static void
judge_sts(const struct known *known, const char *domain, struct domain_tls *tls)
{
	if (*known->hosts != '\0' && known->verified && tls->postfix == NULL)
		tls->postfix = verify_hosts(known->hosts);
	if (known->holds && is(known->policy, "enforce"))
		judge_enforced(known, domain, tls);
	else if (is(known->outcome, "failed"))
		settle(tls, TLS_UNKNOWN,
		       "the MTA-STS policy of %s could not be fetched: %s (asked %s)", domain,
		       known->why, known->asked);
	else if (!known->good)
		settle(tls, TLS_UNKNOWN, "MTA-STS of %s is not known yet", domain);
	else if (is(known->policy, "enforce"))
		settle(tls, TLS_UNAVAILABLE, "the MTA-STS policy %s of %s ended on %s", known->id,
		       domain, known->until);
	else if (is(known->outcome, "found"))
		settle(tls, TLS_UNAVAILABLE,
		       "MTA-STS: the policy %s of %s is in mode %s (asked %s)", known->id, domain,
		       known->policy, known->asked);
	else
		settle(tls, TLS_UNAVAILABLE, "MTA-STS: %s (asked %s)", known->why, known->asked);
}

/* --- both --- */

bool
domain_tls_find(struct connection *connection, const struct settings *settings, const char *domain,
		struct domain_tls *tls_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct known dane, sts;

	*tls_r = (struct domain_tls){.state = TLS_UNAVAILABLE};
	parameters_text(&parameters, domain);
	if (!connection_execute(connection, &domain_tls_known, &parameters, &result, fault))
		return fault_within(fault, "looking up the TLS policy of %s", domain);
	dane = read_row(result, "dane");
	sts = read_row(result, "mta-sts");
	if ((!names(settings, "dane") || !judge_dane(&dane, domain, tls_r)) &&
	    names(settings, "mta-sts"))
		judge_sts(&sts, domain, tls_r);
	return true;
}

void
domain_tls_clear(struct domain_tls *tls)
{
	g_clear_pointer(&tls->because, g_free);
	g_clear_pointer(&tls->postfix, g_free);
}

bool
domain_tls_is_asked(const struct settings *settings)
{
	return settings->mta == MTA_POSTFIX && *settings->tls_from != NULL;
}

char *
domain_tls_socket(const struct settings *settings)
{
	const char *path = strchr(settings->milter_listen, ':');
	g_autofree char *directory = NULL;

	if (settings->mta != MTA_POSTFIX || path == NULL || path[1] != '/' ||
	    g_str_has_prefix(settings->milter_listen, "inet"))
		return NULL;
	directory = g_path_get_dirname(path + 1);
	return g_build_filename(directory, "tls.sock", NULL);
}
