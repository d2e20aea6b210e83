#include "admin/key_report.h"

#include <getopt.h>
#include <string.h>

/* What was found in the network counts only while its source has it. A key that others of the same
 * addresses stand in for is told last. */
static const struct statement key_report = {
	"key_report",
	"with held as ("
	" select k.kind, k.role, k.fingerprint, k.owner, k.addresses, k.not_after, k.cannot_encrypt from postseal.keys k"
	" where k.role <> 'found' or exists (select from postseal.key_found f where f.fingerprint = k.fingerprint"
	"  and f.address = any (k.addresses) and f.withdrawn_at is null)), "
	"trouble as ("
	" select case when not_after <= now() then 'expired' else 'expires' end as what, kind, fingerprint, owner, addresses,"
	"  not_after as at, role as detail from held"
	" where not_after <= now() + $1::integer * interval '1 day' and not_after > now() - interval '90 days'"
	" union"
	" select 'revoked', kind, fingerprint, owner, addresses, null, cannot_encrypt from held"
	" where starts_with(cannot_encrypt, 'revoked by its owner')"
	" union"
	" select case s.state when 'held' then 'on hold' else 'revoked' end, 'smime', s.fingerprint, s.owner,"
	"  coalesce((select h.addresses from held h where h.kind = 'smime' and h.fingerprint = s.fingerprint limit 1), '{}'),"
	"  s.revoked_at, concat_ws(', ', s.why, s.evidence) from postseal.certificate_status s where s.state in ('held', 'revoked')"
	" union"
	" select 'not checked', 'smime', s.fingerprint, s.owner,"
	"  coalesce((select h.addresses from held h where h.kind = 'smime' and h.fingerprint = s.fingerprint limit 1), '{}'),"
	"  s.asked_at, coalesce(s.trouble, 'nobody was asked yet') from postseal.certificate_status s"
	" where s.state in ('unchecked', 'good') and s.good_until <= now() and s.wanted_at > now() - interval '30 days'"
	" union all"
	" select 'lacks', m->>'method', null, null, array[c.address], max(c.decided_at),"
	"  format('%s messages in 30 days; the last: %s', count(*), (array_agg(m->>'because' order by c.decided_at desc))[1])"
	" from postseal.copy c, jsonb_array_elements(c.trace->'methods') m"
	" where c.decided_at > now() - interval '30 days' and c.method is distinct from 'smime' and c.method is distinct from 'pgp'"
	"  and m->>'method' in ('smime', 'pgp') and m->>'possible' = 'false' group by 2, 5) "
	"select t.what, t.kind, array_to_string(t.addresses, ' ') as addresses, date_trunc('second', t.at) as at, t.fingerprint, t.owner,"
	" exists (select from postseal.key_claim c where t.fingerprint is not null and c.address = any (t.addresses) and c.kind = t.kind"
	"  and c.fingerprint <> t.fingerprint) as has_another, t.detail "
	"from trouble t order by has_another, array_position('{expires,expired,revoked,on hold,not checked,lacks}', t.what), t.at, addresses, t.fingerprint"};

/* 0 if it is none. */
static unsigned
days_of(const char *text)
{
	guint64 days;

	return g_ascii_string_to_unsigned(text, 10, 1, 3660, &days, NULL) ? (unsigned)days : 0;
}

static int
run_report(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"days", required_argument, NULL, 'd'}, {0}};
	const char *days = "30";
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'd' || days_of(optarg) == 0)
			return command_usage(admin->command);
		days = optarg;
	}
	if (optind < argc)
		return command_usage(admin->command);
	return command_answer(admin, &key_report, (const char *const[]){days, NULL}, report_table);
}

const struct command key_report_commands[] = {
	{"key report", "[--days N]", "list keys that expire soon, were revoked, or are missing",
	 run_report, .reads = true, .example = "--days 60"},
	{NULL, NULL, NULL, NULL},
};
