#include "admin/domain_tls.h"

#include <stdio.h>

#include "core/domain.h"
#include "keystore/domain_tls_asking.h"
#include "policy/policy.h"

enum { ASK_SECONDS = 30 };

/* Copies wait that the MTA has and a mail host has deferred, for domains of the table (tls domains)
 * too. */
static const struct statement tls_list = {
	"tls_list",
	"with waiting as ("
	" select substring(c.address from '[^@]*$') as domain, count(*) as copies"
	" from postseal.mta_mail m join postseal.copy c on c.message = m.message"
	" where c.method = 'tls' and c.state = 'handed'"
	"  and exists (select from postseal.event e where e.message = c.message and e.copy = c.id and e.what = 'deferred')"
	" group by 1) "
	"select domain, d.evidence as source, d.state, d.policy, d.policy_id as id, array_to_string(d.hosts, ' ') as hosts,"
	" date_trunc('second', nullif(d.holds_until, '-infinity')) as holds_until,"
	" date_trunc('second', d.asked_at) as asked, date_trunc('second', nullif(d.due_at, 'infinity')) as asked_again,"
	" date_trunc('second', d.failing_since) as failing_since,"
	" date_trunc('second', d.last_failed_at) as last_failed, d.last_failure,"
	" case when d.outcome <> 'failed' then coalesce(d.unfit, d.why) else d.unfit end as detail,"
	" coalesce(w.copies, 0) as copies_waiting "
	"from postseal.tls_domain d full join waiting w using (domain) "
	"where ($1 = '' or domain = $1)"
	" and ($2 = '' or d.failing_since is not null or d.state = 'unfit' or w.copies > 0) "
	"order by domain, d.evidence"};

static int
run_list(const struct admin *admin, int argc, char **argv)
{
	bool failing;
	char **given = command_operands_with(argc, argv, "failing", &failing, 0, 1);
	g_autofree char *domain = NULL;

	if (given == NULL)
		return command_usage(admin->command);
	domain = *given == NULL ? g_strdup("") : domain_key(*given);
	return command_answer(admin, &tls_list,
			      (const char *const[]){domain, failing ? "failing" : "", NULL},
			      report_records);
}

/* --- asking --- */

static bool
is_listed(const struct admin *admin, const char *domain, bool *has_r, struct fault *fault)
{
	const char *table = admin->settings->tls_domains;

	*has_r = false;
	return *table == '\0' ||
	       policy_table_has(admin->policy, admin->database, table, domain, has_r, fault);
}

/* What a decision would be made on now. */
static json_t *
verdict_of(const struct admin *admin, const char *domain, struct fault *fault)
{
	static const char *const states[] = {[TLS_AVAILABLE] = "available",
					     [TLS_UNAVAILABLE] = "unavailable",
					     [TLS_UNKNOWN] = "unknown"};
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	g_auto(domain_tls_auto) tls = {0};
	bool listed;

	if (connection == NULL || !is_listed(admin, domain, &listed, fault) ||
	    !domain_tls_find(connection, admin->settings, domain, &tls, fault))
		return NULL;
	/* The table comes first, as in delivery/methods/tls.c and milter/tls_map.c. */
	return json_pack("{s:o, s:b, s:s, s:o, s:o}", "domain", report_text(domain), "in_table",
			 listed, "tls", states[listed ? TLS_AVAILABLE : tls.state], "because",
			 report_text(tls.because), "postfix",
			 report_text(listed ? NULL : tls.postfix));
}

static bool
add_sources(const struct admin *admin, const char *domain, json_t *verdict, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!command_ask(admin, &tls_list, (const char *const[]){domain, "", NULL}, &result, fault))
		return false;
	json_object_set_new(verdict, "sources", report_of(result));
	return true;
}

static int
run_ask(const struct admin *admin, int argc, char **argv)
{
	const gint64 until = g_get_monotonic_time() + ASK_SECONDS * G_USEC_PER_SEC;
	char **given = command_operands(argc, argv, 1, 1);
	g_autoptr(json_t) rows = json_array();
	g_autofree char *domain = NULL;
	struct fault fault;
	json_t *verdict;

	if (given == NULL)
		return command_usage(admin->command);
	if (!domain_parse(*given, &domain, &fault))
		return command_fail(&fault);
	if (!domain_tls_ask(admin->database, admin->settings, domain, until, &fault))
		return command_fail(&fault);
	verdict = verdict_of(admin, domain, &fault);
	if (verdict == NULL || json_array_append_new(rows, verdict) != 0 ||
	    !add_sources(admin, domain, verdict, &fault))
		return command_fail(&fault);
	report_print(rows, admin->as_json, report_records);
	return g_strcmp0(json_string_value(json_object_get(verdict, "tls")), "available") == 0
		       ? EXIT_GOOD
		       : command_missing("verified TLS is not available for %s", domain);
}

const struct command domain_tls_commands[] = {
	{"tls list", "[--failing] [DOMAIN]",
	 "list what is known of verified TLS of domains (tls from)", run_list, .reads = true,
	 .example = "--failing"},
	{"tls ask", "DOMAIN", "ask now whether a domain takes verified TLS", run_ask,
	 .needs_rules = true, .example = "partner.example"},
	{NULL, NULL, NULL, NULL},
};
