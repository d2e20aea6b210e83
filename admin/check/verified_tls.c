/* Verified TLS of domains: can it be found out, and for which is there trouble? */
#include "admin/check/check.h"
#include "keystore/domain_tls.h"
#include "keystore/finder.h"

enum { DNSSEC_SECONDS = 20, TOLD = 5 /* domains that are named */ };

/* Domains that mail has needed lately, and what is wrong with them. */
static const struct statement tls_trouble = {
	"check_verified_tls",
	"with trouble as (select domain, evidence,"
	"  case when state = 'unfit' then format('its policy cannot be met: %s', unfit)"
	"   else format('since %s: %s', to_char(failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'), last_failure) end as why"
	" from postseal.tls_domain"
	" where (failing_since is not null or state = 'unfit') and wanted_at > now() - interval '30 days') "
	"select domain, evidence, why, count(*) over () from trouble order by domain, evidence limit $1::integer"};
enum { DOMAIN, EVIDENCE, WHY, ALL };

static bool
warn_of_domains(const struct check *check, struct fault *fault)
{
	g_autofree char *limit = g_strdup_printf("%d", TOLD);
	g_autoptr(PGresult) result = NULL;
	const char *const texts[] = {limit, NULL};

	if (!command_ask(check->admin, &tls_trouble, texts, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		check_warn(check, "%s (%s): %s", PQgetvalue(result, row, DOMAIN),
			   PQgetvalue(result, row, EVIDENCE), PQgetvalue(result, row, WHY));
	if (PQntuples(result) == TOLD && result_number(result, 0, ALL) > TOLD)
		check_warn(check,
			   "and %" G_GINT64_FORMAT " more: postseal tls list --failing shows them",
			   result_number(result, 0, ALL) - TOLD);
	return true;
}

/* A finder that is not there is told elsewhere (users.c). */
static bool
check_dnssec(const struct check *check, struct fault *fault)
{
	const struct finder_question question = {.wish = FINDER_DNSSEC, .subject = ""};
	const gint64 until = g_get_monotonic_time() + DNSSEC_SECONDS * G_USEC_PER_SEC;
	g_auto(finder_answer_auto) answer = {0};

	return !finder_ask(check->settings->finder_socket, &question, 1, until, &answer, fault) ||
	       answer.outcome == FINDER_FOUND ||
	       fault_set(fault, FAULT_CONFIG,
			 "asking whether DNSSEC can be validated (finder resolver, finder anchor): "
			 "%s; until it can, nothing is known of DANE, and mail that needs it waits",
			 answer.why);
}

bool
check_verified_tls(const struct check *check, char **note_r, struct fault *fault)
{
	char **from = check->settings->tls_from;

	if (!domain_tls_is_asked(check->settings)) {
		*note_r = g_strdup("not needed: tls from is not set");
		return true;
	}
	*note_r = g_strjoinv(", ", from);
	return warn_of_domains(check, fault) &&
	       (!g_strv_contains((const char *const *)from, "dane") || check_dnssec(check, fault));
}
