#include "keystore/domain_tls_answers.h"

#include <string.h>

#include "keystore/finder/sts_policy.h"

enum {
	LEAST = 600, /* seconds for which an answer is good */
	NOTHING_STANDARD = 21600,
	MOST = 86400,
	/* How long a new policy may go unnoticed: its id is looked at each time. */
	POLICY_LOOK = 21600,
};

static const char *const names[TLS_EVIDENCES] = {[TLS_DANE] = "dane", [TLS_MTA_STS] = "mta-sts"};

const char *
tls_evidence_name(enum tls_evidence evidence)
{
	return names[evidence];
}

enum finder_wish
tls_evidence_wish(enum tls_evidence evidence)
{
	return evidence == TLS_DANE ? FINDER_TLSA : FINDER_MTA_STS;
}

struct tls_asking *
tls_asking_new(const char *domain, enum tls_evidence evidence)
{
	struct tls_asking *asking = g_new(struct tls_asking, 1);

	*asking = (struct tls_asking){.domain = g_strdup(domain), .evidence = evidence};
	return asking;
}

void
tls_asking_free(struct tls_asking *asking)
{
	g_free(asking->domain);
	g_free(asking);
}

/* --- which are good, wanted, due --- */

/* $1 and $2 are columns: domain and evidence of each question, one a line. wanted_at is written
 * once a day at most. */
static const struct statement tls_good = {
	"tls_good",
	"with noted as (update postseal.domain_tls d set wanted_at = now()"
	"  from unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10))) as q(domain, evidence)"
	"  where d.domain = q.domain and d.evidence = q.evidence and d.wanted_at < now() - interval '1 day' returning 1) "
	"select domain, evidence, (select count(*) from noted) from postseal.domain_tls"
	" join unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10))) as q(domain, evidence) using (domain, evidence)"
	" where good_until > now()"};

static const struct statement tls_wanted = {
	"tls_wanted",
	"insert into postseal.domain_tls (domain, evidence, due_at) "
	"select domain, evidence, now() + $3::bigint * interval '1 second'"
	" from unnest(string_to_array($1, chr(10)), string_to_array($2, chr(10))) as q(domain, evidence) order by 1, 2 "
	"on conflict (domain, evidence) do update set wanted_at = now(),"
	" due_at = least(domain_tls.due_at, greatest(excluded.due_at, domain_tls.good_until))"};

static const struct statement tls_due = {
	"tls_due",
	"with healthy as (select domain, evidence from postseal.domain_tls"
	"  where due_at <= now() and claimed_until < now() and failures = 0 order by due_at limit $1 for update skip locked), "
	"failing as (select domain, evidence from postseal.domain_tls"
	"  where due_at <= now() and claimed_until < now() and failures > 0 order by due_at limit $2 for update skip locked), "
	"due as (select * from healthy union all select * from failing limit $1) "
	"update postseal.domain_tls d set claimed_until = now() + interval '2 minutes',"
	" due_at = case when d.wanted_at > now() - interval '30 days' and d.evidence = any (string_to_array($3, chr(10)))"
	"  then d.due_at else 'infinity' end "
	"from due where d.domain = due.domain and d.evidence = due.evidence "
	"returning d.domain, d.evidence, d.due_at < 'infinity', d.failures > 0"};

/* The columns belong to the caller, who needs them until the statement was executed. */
static void
put_columns(struct parameters *parameters, const GPtrArray *askings, GString *domains,
	    GString *evidences)
{
	for (guint i = 0; i < askings->len; i++) {
		const struct tls_asking *asking = g_ptr_array_index(askings, i);
		const char *before = i > 0 ? "\n" : "";

		g_string_append_printf(domains, "%s%s", before, asking->domain);
		g_string_append_printf(evidences, "%s%s", before, names[asking->evidence]);
	}
	parameters_text(parameters, domains->str);
	parameters_text(parameters, evidences->str);
}

static void
drop(GPtrArray *askings, const char *domain, const char *evidence)
{
	for (guint i = askings->len; i-- > 0;) {
		const struct tls_asking *asking = g_ptr_array_index(askings, i);

		if (strcmp(asking->domain, domain) == 0 &&
		    strcmp(names[asking->evidence], evidence) == 0)
			g_ptr_array_remove_index(askings, i);
	}
}

bool
tls_answers_drop_good(struct connection *connection, GPtrArray *askings, struct fault *fault)
{
	g_autoptr(GString) domains = g_string_new(NULL), evidences = g_string_new(NULL);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	if (askings->len == 0)
		return true;
	put_columns(&parameters, askings, domains, evidences);
	if (!connection_execute(connection, &tls_good, &parameters, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++)
		drop(askings, PQgetvalue(result, row, 0), PQgetvalue(result, row, 1));
	return true;
}

bool
tls_answers_want(struct connection *connection, const GPtrArray *askings, unsigned seconds,
		 struct fault *fault)
{
	g_autoptr(GString) domains = g_string_new(NULL), evidences = g_string_new(NULL);
	struct parameters parameters = {0};

	if (askings->len == 0)
		return true;
	put_columns(&parameters, askings, domains, evidences);
	parameters_number(&parameters, seconds);
	return connection_execute(connection, &tls_wanted, &parameters, NULL, fault);
}

static enum tls_evidence
evidence_named(const char *name)
{
	return strcmp(name, names[TLS_DANE]) == 0 ? TLS_DANE : TLS_MTA_STS;
}

bool
tls_answers_claim(struct connection *connection, const struct tls_claim *claim, GPtrArray *askings,
		  bool *more_r, struct fault *fault)
{
	g_autofree char *wanted = g_strjoinv("\n", (char **)claim->evidence);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_number(&parameters, claim->most);
	parameters_number(&parameters, claim->most_failing);
	parameters_text(&parameters, wanted);
	if (!connection_execute(connection, &tls_due, &parameters, &result, fault))
		return false;
	*more_r = PQntuples(result) == (int)claim->most;
	for (int row = 0; row < PQntuples(result); row++) {
		struct tls_asking *asking;

		if (!result_flag(result, row, 2))
			continue;
		asking = tls_asking_new(PQgetvalue(result, row, 0),
					evidence_named(PQgetvalue(result, row, 1)));
		asking->has_failed = result_flag(result, row, 3);
		g_ptr_array_add(askings, asking);
	}
	return true;
}

/* --- what came of a question --- */

/* What an answer says, as the table has it. */
struct reading {
	enum finder_outcome outcome;
	const char *why;
	const char *policy; /* NULL unless found */
	const char *id;	    /* of an MTA-STS policy, or NULL */
	char *hosts;	    /* of one that is enforced, separated by blanks, or NULL */
	char *unfit;
	unsigned holds, good; /* seconds */
};

static void
fail(struct reading *reading, const char *why)
{
	reading->outcome = FINDER_FAILED;
	reading->why = why;
}

/* Some host of the policy must take the domain's mail; the others are passed over (RFC 8461 §5). */
static char *
find_unfit(const struct sts_policy *policy, GBytes *exchanges)
{
	gsize length;
	const char *data = g_bytes_get_data(exchanges, &length);
	g_autofree char *text = g_strndup(data, length);
	g_auto(GStrv) hosts = g_strsplit(text, " ", -1);

	for (char **host = hosts; *host != NULL; host++)
		if (sts_policy_has(policy, *host))
			return NULL;
	return g_strdup_printf("of the hosts that take its mail (%s) the policy names none", text);
}

/* The items: the policy, its id, and the hosts that take the domain's mail. */
static void
read_policy(const struct finder_answer *answer, struct reading *reading, char id_r[64])
{
	static const char *const modes[] = {
		[STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce"};
	g_auto(sts_policy_auto) policy = {0};
	const char *why;
	gsize length;
	const char *data;

	if (answer->items->len != 3) {
		fail(reading, "postseal-finder is of another version");
		return;
	}
	data = g_bytes_get_data(g_ptr_array_index(answer->items, 0), &length);
	if (!sts_policy_read(&policy, data, length, &why)) {
		fail(reading, "the policy is malformed");
		return;
	}
	data = g_bytes_get_data(g_ptr_array_index(answer->items, 1), &length);
	g_snprintf(id_r, 64, "%.*s", (int)MIN(length, 63), data);
	reading->id = id_r;
	reading->policy = modes[policy.mode];
	reading->holds = policy.max_age;
	reading->good = CLAMP(policy.max_age, LEAST, POLICY_LOOK);
	if (policy.mode != STS_ENFORCE)
		return;
	reading->hosts = g_strjoinv(" ", policy.hosts);
	reading->unfit = find_unfit(&policy, g_ptr_array_index(answer->items, 2));
}

static void
read_answer(const struct tls_asking *asking, const struct finder_answer *answer,
	    struct reading *reading, char id_r[64])
{
	*reading = (struct reading){.outcome = answer->outcome, .why = answer->why};
	if (answer->outcome == FINDER_FAILED)
		return;
	reading->good =
		answer->lifetime == 0 ? NOTHING_STANDARD : CLAMP(answer->lifetime, LEAST, MOST);
	if (answer->outcome == FINDER_NOTHING)
		return;
	/* An answer that anybody on the way could have written is none. */
	if (!answer->secure) {
		fail(reading, "the answer came over a way that proves nothing");
	} else if (asking->evidence == TLS_MTA_STS) {
		read_policy(answer, reading, id_r);
	} else {
		reading->policy = "dane";
		reading->holds = reading->good;
	}
}

/* What holds on although the last answer does not say so. */
#define KEPT	"($3 = 'failed' or ($3 = 'nothing' and $2 = 'mta-sts' and a.holds_until > now()))"
#define BACKOFF "least(300 * 2 ^ least(a.failures, 10), 21600)"

/* The next question comes some time before the answer ends, never for all at once; after a failure
 * five minutes later, and twice as late each time, up to six hours. */
static const struct statement tls_put = {
	"tls_put",
	"with before as (select outcome, policy, unfit, holds_until > now() as holds from postseal.domain_tls"
	"  where domain = $1 and evidence = $2) "
	"insert into postseal.domain_tls as a (domain, evidence, asked_at, outcome, why, policy, policy_id, hosts, unfit,"
	" holds_until, enforced_until, good_until, due_at, failures) "
	"values ($1, $2, now(), $3, $4, $5, $6, coalesce(string_to_array($7, ' '), '{}'), $8,"
	" case when $5::text is null then '-infinity' else now() + $9::bigint * interval '1 second' end,"
	" case when $5::text = 'enforce' then now() + $9::bigint * interval '1 second' else '-infinity' end,"
	" now() + $10::bigint * interval '1 second', now() + $10::bigint * (0.6 + 0.3 * random()) * interval '1 second',"
	" ($3 = 'failed')::integer) "
	"on conflict (domain, evidence) do update set asked_at = now(), outcome = excluded.outcome, why = excluded.why,"
	" policy = case when " KEPT " then a.policy else excluded.policy end,"
	" policy_id = case when " KEPT " then a.policy_id else excluded.policy_id end,"
	" unfit = case when " KEPT " then a.unfit else excluded.unfit end,"
	" holds_until = case when " KEPT " then a.holds_until else excluded.holds_until end,"
	" hosts = case when excluded.policy = 'enforce' then excluded.hosts else a.hosts end,"
	" enforced_until = case when excluded.policy = 'enforce' then excluded.enforced_until"
	"  when " KEPT " then a.enforced_until else least(a.enforced_until, now()) end,"
	" failures = case when $3 = 'failed' then a.failures + 1 else 0 end,"
	" good_until = case when $3 = 'failed' then now() + " BACKOFF
	" * interval '1 second' else excluded.good_until end,"
	" due_at = case when $3 = 'failed' then now() + " BACKOFF
	" * (0.8 + 0.2 * random()) * interval '1 second'"
	"  else excluded.due_at end,"
	" claimed_until = '-infinity' "
	"returning coalesce((select outcome from before), ''), coalesce((select policy from before), ''),"
	" coalesce((select holds from before), false), (select unfit from before), coalesce(policy, ''), unfit,"
	" to_char(holds_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"')"};
enum { OUTCOME_BEFORE, POLICY_BEFORE, HELD_BEFORE, UNFIT_BEFORE, POLICY, UNFIT, UNTIL };

static bool
is(const PGresult *result, int column, const char *word)
{
	return strcmp(PQgetvalue(result, 0, column), word) == 0;
}

/* What an admin should hear of at once. */
static char *
tell_news(const struct tls_asking *asking, const struct reading *reading, const PGresult *result)
{
	const char *name = asking->evidence == TLS_DANE ? "DANE" : "MTA-STS";
	const char *outcome = finder_outcome_name(reading->outcome);
	const char *unfit = result_text(result, 0, UNFIT);
	const bool was_good =
		is(result, POLICY_BEFORE, "dane") || is(result, POLICY_BEFORE, "enforce");
	const bool is_kept = was_good && strcmp(PQgetvalue(result, 0, POLICY),
						PQgetvalue(result, 0, POLICY_BEFORE)) == 0;

	if (reading->outcome != FINDER_FOUND && !is(result, OUTCOME_BEFORE, outcome) && is_kept &&
	    result_flag(result, 0, HELD_BEFORE))
		return g_strdup_printf("%s can no longer be found (%s); what was found before "
				       "holds until %s",
				       name, reading->why, PQgetvalue(result, 0, UNTIL));
	if (reading->outcome == FINDER_FAILED && !is(result, OUTCOME_BEFORE, outcome))
		return g_strdup_printf("%s could not be determined: %s", name, reading->why);
	if (was_good && !is_kept && result_flag(result, 0, HELD_BEFORE))
		return g_strdup_printf("%s no longer protects its mail: %s", name,
				       reading->why != NULL ? reading->why
							    : PQgetvalue(result, 0, POLICY));
	if (unfit != NULL && g_strcmp0(unfit, result_text(result, 0, UNFIT_BEFORE)) != 0)
		return g_strdup_printf("its %s policy cannot be met: %s", name, unfit);
	return NULL;
}

bool
tls_answer_put(struct connection *connection, const struct tls_asking *asking,
	       const struct finder_answer *answer, char **news_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct reading reading;
	char id[64];
	bool done;

	read_answer(asking, answer, &reading, id);
	parameters_text(&parameters, asking->domain);
	parameters_text(&parameters, names[asking->evidence]);
	parameters_text(&parameters, finder_outcome_name(reading.outcome));
	parameters_text(&parameters, reading.why);
	parameters_text(&parameters, reading.policy);
	parameters_text(&parameters, reading.id);
	parameters_text(&parameters, reading.hosts);
	parameters_text(&parameters, reading.unfit);
	parameters_number(&parameters, reading.holds);
	parameters_number(&parameters, reading.outcome == FINDER_FAILED ? 300 : reading.good);
	done = connection_execute(connection, &tls_put, &parameters, &result, fault);
	if (done)
		*news_r = tell_news(asking, &reading, result);
	g_free(reading.hosts);
	g_free(reading.unfit);
	return done;
}
