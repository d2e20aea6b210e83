#include "keystore/domain_tls_asking.h"

#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "keystore/domain_tls_answers.h"
#include "keystore/round.h"

enum {
	ASKED_FOR_MESSAGE = 200, /* questions; more are left to the courier */
	GRACE_SECONDS = 5,	 /* before the courier takes over */
	/* Of a courier: */
	ASKED_AT_ONCE = 64,
	FAILING_AT_ONCE = 16,  /* of them, those that failed the last time */
	PATIENCE_SECONDS = 30, /* with a question; it holds it for longer */
	ROUND_SECONDS = 1,     /* before it leaves those that are slow to themselves */
};

struct domain_tls_inquiry {
	struct database *database;
	const struct settings *settings;
	GPtrArray *askings; /* struct tls_asking */
	gint64 until;
	GThread *thread;
};

static GPtrArray *
askings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)tls_asking_free);
}

static void
add_askings(GPtrArray *askings, const struct settings *settings, const char *domain)
{
	for (enum tls_evidence evidence = 0; evidence < TLS_EVIDENCES; evidence++)
		if (g_strv_contains((const char *const *)settings->tls_from,
				    tls_evidence_name(evidence)))
			g_ptr_array_add(askings, tls_asking_new(domain, evidence));
}

/* --- what comes --- */

static void
count(const struct tls_asking *asking, const char *outcome)
{
	g_autofree char *labels = g_strdup_printf("evidence=\"%s\",outcome=\"%s\"",
						  tls_evidence_name(asking->evidence), outcome);

	metrics_count(METRIC_TLS_ANSWERS, labels, 1);
}

void
domain_tls_expect(void)
{
	static const char *const outcomes[] = {"found", "nothing", "failed", "late"};

	for (enum tls_evidence evidence = 0; evidence < TLS_EVIDENCES; evidence++)
		for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
			g_autofree char *labels =
				g_strdup_printf("evidence=\"%s\",outcome=\"%s\"",
						tls_evidence_name(evidence), outcomes[i]);

			metrics_expect(METRIC_TLS_ANSWERS, labels);
		}
}

static bool
keep(struct database *database, const struct tls_asking *asking, const struct finder_answer *answer,
     struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autofree char *news = NULL;

	if (connection == NULL || !tls_answer_put(connection, asking, answer, &news, fault))
		return fault_within(fault, "keeping the TLS policy of %s", asking->domain);
	count(asking, finder_outcome_name(answer->outcome));
	if (news != NULL)
		log_warning("verified TLS to %s: %s", asking->domain, news);
	return true;
}

/* Asks all at the same time. `is_patient`: what fails has failed; otherwise the courier, which has
 * more time, is to find out. False if the finder was not there, or something could not be kept. */
static bool
ask_all(struct database *database, const struct settings *settings, const GPtrArray *askings,
	gint64 until, bool is_patient, struct fault *fault)
{
	g_autofree struct finder_question *questions = g_new(struct finder_question, askings->len);
	g_autofree struct finder_answer *answers = g_new0(struct finder_answer, askings->len);
	bool good;

	for (guint i = 0; i < askings->len; i++) {
		const struct tls_asking *asking = g_ptr_array_index(askings, i);

		questions[i] = (struct finder_question){.wish = tls_evidence_wish(asking->evidence),
							.subject = asking->domain};
	}
	good = finder_ask(settings->finder_socket, questions, askings->len, until, answers, fault);
	if (!good)
		metrics_count(METRIC_FINDER_UNREACHABLE, "", 1);
	for (guint i = 0; i < askings->len; i++) {
		const struct tls_asking *asking = g_ptr_array_index(askings, i);

		if (good && (is_patient || answers[i].outcome != FINDER_FAILED))
			good = keep(database, asking, &answers[i], fault);
		else
			count(asking, "late");
		finder_answer_clear(&answers[i]);
	}
	return good;
}

/* --- before a decision --- */

static gpointer
run(gpointer data)
{
	struct domain_tls_inquiry *inquiry = data;
	struct fault fault;

	if (!ask_all(inquiry->database, inquiry->settings, inquiry->askings, inquiry->until, false,
		     &fault))
		log_warning("asking for verified TLS of domains: %s", fault.text);
	return NULL;
}

/* Those without a good answer are noted for the courier, too. */
static bool
find_missing(struct database *database, GPtrArray *askings, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);

	return connection != NULL && tls_answers_drop_good(connection, askings, fault) &&
	       tls_answers_want(connection, askings, GRACE_SECONDS, fault);
}

struct domain_tls_inquiry *
domain_tls_begin(struct database *database, const struct settings *settings,
		 const GPtrArray *domains, gint64 until)
{
	g_autoptr(GPtrArray) askings = askings_new();
	struct domain_tls_inquiry *inquiry;
	struct fault fault;

	for (guint i = 0; i < domains->len; i++)
		add_askings(askings, settings, g_ptr_array_index(domains, i));
	if (!find_missing(database, askings, &fault)) {
		log_warning("asking for verified TLS of domains: %s", fault.text);
		return NULL;
	}
	if (askings->len == 0)
		return NULL;
	g_ptr_array_set_size(askings, (gint)MIN(askings->len, ASKED_FOR_MESSAGE));
	inquiry = g_new(struct domain_tls_inquiry, 1);
	*inquiry = (struct domain_tls_inquiry){.database = database,
					       .settings = settings,
					       .askings = g_steal_pointer(&askings),
					       .until = until};
	inquiry->thread = g_thread_new("verified TLS", run, inquiry);
	return inquiry;
}

void
domain_tls_end(struct domain_tls_inquiry *inquiry)
{
	if (inquiry == NULL)
		return;
	g_thread_join(inquiry->thread);
	g_ptr_array_unref(inquiry->askings);
	g_free(inquiry);
}

/* --- with patience --- */

struct domain_tls_renewal {
	struct database *database;
	const struct settings *settings;
	GThreadPool *pool;
	gint under_way, failing; /* questions; those of them that failed the last time */
};

struct task {
	struct round *round;
	struct tls_asking *asking;
};

static void
count_under_way(struct domain_tls_renewal *renewal, const struct tls_asking *asking, int change)
{
	g_atomic_int_add(&renewal->under_way, change);
	g_atomic_int_add(&renewal->failing, asking->has_failed ? change : 0);
}

static void
run_task(gpointer data, gpointer context)
{
	struct domain_tls_renewal *renewal = context;
	struct task *task = data;
	g_autoptr(GPtrArray) one = askings_new();
	struct fault fault;
	bool answered;

	g_ptr_array_add(one, task->asking);
	answered = ask_all(renewal->database, renewal->settings, one, task->round->until, true,
			   &fault);
	if (!answered)
		log_warning("asking for verified TLS of %s: %s", task->asking->domain, fault.text);
	count_under_way(renewal, task->asking, -1);
	round_leave(task->round, answered);
	g_free(task);
}

struct domain_tls_renewal *
domain_tls_renewal_new(struct database *database, const struct settings *settings)
{
	struct domain_tls_renewal *renewal;

	if (!domain_tls_is_asked(settings))
		return NULL;
	renewal = g_new0(struct domain_tls_renewal, 1);
	renewal->database = database;
	renewal->settings = settings;
	renewal->pool = g_thread_pool_new(run_task, renewal, ASKED_AT_ONCE, FALSE, NULL);
	return renewal;
}

void
domain_tls_renewal_free(struct domain_tls_renewal *renewal)
{
	if (renewal == NULL)
		return;
	g_thread_pool_free(renewal->pool, FALSE, TRUE);
	g_free(renewal);
}

static bool
claim(struct domain_tls_renewal *renewal, GPtrArray *due, bool *more_r, struct fault *fault)
{
	const unsigned under_way = (unsigned)g_atomic_int_get(&renewal->under_way),
		       failing = (unsigned)g_atomic_int_get(&renewal->failing);
	const struct tls_claim claim = {.evidence = renewal->settings->tls_from,
					.most = ASKED_AT_ONCE - MIN(under_way, ASKED_AT_ONCE),
					.most_failing =
						FAILING_AT_ONCE - MIN(failing, FAILING_AT_ONCE)};
	g_autoptr(connection_auto) connection = NULL;

	if (claim.most == 0)
		return true;
	connection = database_take(renewal->database, fault);
	return connection != NULL && tls_answers_claim(connection, &claim, due, more_r, fault);
}

bool
domain_tls_round(struct domain_tls_renewal *renewal, bool *more_r, struct fault *fault)
{
	const gint64 now = g_get_monotonic_time();
	g_autoptr(GPtrArray) due = askings_new();
	struct round *round;

	if (!claim(renewal, due, more_r, fault))
		return false;
	round = round_new(due->len, now + PATIENCE_SECONDS * G_USEC_PER_SEC, true);
	while (due->len > 0) {
		struct task *task = g_new(struct task, 1);

		*task = (struct task){.round = round,
				      .asking = g_ptr_array_steal_index(due, due->len - 1)};
		count_under_way(renewal, task->asking, 1);
		g_thread_pool_push(renewal->pool, task, NULL);
	}
	round_wait(round, now + ROUND_SECONDS * G_USEC_PER_SEC);
	return true;
}

bool
domain_tls_ask(struct database *database, const struct settings *settings, const char *domain,
	       gint64 until, struct fault *fault)
{
	g_autoptr(GPtrArray) askings = askings_new();

	add_askings(askings, settings, domain);
	return askings->len == 0 || ask_all(database, settings, askings, until, true, fault);
}
