#include "keystore/domain_tls_asking.h"

#include <string.h>

#include "core/log.h"
#include "core/metrics.h"
#include "keystore/domain_tls_answers.h"

enum {
	ASKED_FOR_MESSAGE = 200, /* questions; more are left to the courier */
	BATCH = 32,
	ROUND_SECONDS = 30,
	GRACE_SECONDS = 5, /* before the courier takes over */
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

bool
domain_tls_round(struct database *database, const struct settings *settings, bool *more_r,
		 struct fault *fault)
{
	g_autoptr(GPtrArray) due = askings_new();

	{
		g_autoptr(connection_auto) connection = database_take(database, fault);

		if (connection == NULL ||
		    !tls_answers_claim(connection, settings->tls_from, BATCH, due, more_r, fault))
			return false;
	}
	return due->len == 0 ||
	       ask_all(database, settings, due,
		       g_get_monotonic_time() + ROUND_SECONDS * G_USEC_PER_SEC, true, fault);
}

bool
domain_tls_ask(struct database *database, const struct settings *settings, const char *domain,
	       gint64 until, struct fault *fault)
{
	g_autoptr(GPtrArray) askings = askings_new();

	add_askings(askings, settings, domain);
	return askings->len == 0 || ask_all(database, settings, askings, until, true, fault);
}
