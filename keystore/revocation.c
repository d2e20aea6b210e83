#include "keystore/revocation.h"

#include "core/log.h"
#include "core/metrics.h"
#include "keystore/certificate.h"
#include "keystore/distribution.h"
#include "keystore/evidence_reader.h"
#include "keystore/finder.h"
#include "keystore/round.h"
#include "keystore/status.h"

enum {
	ASKED_AT_ONCE = 16,	/* of all messages together */
	ASKED_FOR_MESSAGE = 50, /* more are left to the courier */
	BATCH = 32,		/* of a courier */
	PATIENCE_SECONDS = 30,	/* of a courier for an answer; it holds a batch for longer */
	ROUND_SECONDS = 3,	/* who does not answer by then keeps nobody else waiting */
	READING_SECONDS = 15,	/* for judging, which goes on when the message no longer waits */
	GRACE_SECONDS = 5,	/* before the courier takes over */
};

struct revocation_inquiry {
	struct database *database;
	char *finder;
	struct evidence_reader *reader;
	GThreadPool *pool;
};

struct task {
	struct round *round;
	struct status_asking *asking;
};

/* --- one certificate --- */

/* What is known and asked about it. */
struct question {
	const struct status_asking *asking;
	char *crl_url, *ocsp_url; /* NULL: it names none */
	struct status_list list;  /* the CRL that is kept, if any */
	bool is_news;		  /* the CRL that was fetched is good, and no older */
	GBytes *request;
	struct finder_answer crl, ocsp;
};

static void
question_clear(struct question *question)
{
	g_free(question->crl_url);
	g_free(question->ocsp_url);
	g_clear_pointer(&question->list.content, g_bytes_unref);
	g_clear_pointer(&question->request, g_bytes_unref);
	finder_answer_clear(&question->crl);
	finder_answer_clear(&question->ocsp);
}
typedef struct question question_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(question_auto, question_clear)

static bool
find_list(struct revocation_inquiry *inquiry, struct question *question, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	if (question->crl_url == NULL)
		return true;
	connection = database_take(inquiry->database, fault);
	return connection != NULL &&
	       status_list(connection, question->crl_url, &question->list, fault);
}

/* Both ways at the same time. */
static void
ask_network(struct revocation_inquiry *inquiry, struct question *question, gint64 until)
{
	struct finder_question questions[2];
	struct finder_answer answers[2] = {0};
	struct finder_answer *places[2];
	struct fault fault;
	size_t count = 0;

	if (question->crl_url != NULL) {
		places[count] = &question->crl;
		questions[count++] = (struct finder_question){.wish = FINDER_FETCH,
							      .subject = question->crl_url};
	}
	if (question->request != NULL) {
		places[count] = &question->ocsp;
		questions[count++] = (struct finder_question){.wish = FINDER_OCSP,
							      .subject = question->ocsp_url,
							      .body = question->request};
	}
	if (!finder_ask(inquiry->finder, questions, count, until, answers, &fault))
		metrics_count(METRIC_FINDER_UNREACHABLE, "", 1);
	for (size_t i = 0; i < count; i++)
		*places[i] = answers[i];
}

static GBytes *
found(const struct finder_answer *answer)
{
	return answer->outcome == FINDER_FOUND && answer->items != NULL && answer->items->len > 0
		       ? g_ptr_array_index(answer->items, 0)
		       : NULL;
}

static bool
judge_by(struct revocation_inquiry *inquiry, const struct question *question, GBytes *crl,
	 struct verdict *verdict_r, struct fault *fault)
{
	const gint64 until = g_get_monotonic_time() + READING_SECONDS * G_USEC_PER_SEC;
	g_autoptr(GBytes) certificate = certificate_der(question->asking->certificate);
	g_autoptr(GBytes) issuer = certificate_der(question->asking->issuer);
	const struct evidence evidence = {.certificate = certificate,
					  .issuer = issuer,
					  .crl = crl,
					  .request = question->request,
					  .response = found(&question->ocsp),
					  .now = time(NULL)};

	return evidence_read(inquiry->reader, &evidence, until, verdict_r, fault);
}

/* A CRL that was fetched counts before the one that is kept, unless it is older, or useless:
 * whoever stands between could hand over one on which nothing was revoked yet. */
static bool
judge(struct revocation_inquiry *inquiry, struct question *question, struct verdict *verdict_r,
      struct fault *fault)
{
	GBytes *fetched = found(&question->crl), *kept = question->list.content;

	if (!judge_by(inquiry, question, fetched != NULL ? fetched : kept, verdict_r, fault))
		return false;
	question->is_news = fetched != NULL && verdict_r->crl_from != 0 &&
			    verdict_r->crl_from >= question->list.from;
	if (fetched == NULL || kept == NULL || question->is_news ||
	    verdict_r->state == CERTIFICATE_REVOKED)
		return true;
	verdict_clear(verdict_r);
	return judge_by(inquiry, question, kept, verdict_r, fault);
}

/* Adds what the network could not say. */
static void
add_trouble(GString *text, const char *way, const char *url, const struct finder_answer *answer)
{
	if (url == NULL || answer->outcome == FINDER_FOUND)
		return;
	g_string_append_printf(text, "%s%s %s: %s", text->len > 0 ? "; " : "", way, url,
			       answer->why == NULL ? "there was no answer in time" : answer->why);
}

static void
explain(const struct question *question, struct verdict *verdict)
{
	g_autoptr(GString) text = g_string_new(verdict->why);

	if (verdict->state != CERTIFICATE_UNCHECKED)
		return;
	add_trouble(text, "CRL", question->crl_url, &question->crl);
	add_trouble(text, "OCSP", question->ocsp_url, &question->ocsp);
	g_free(verdict->why);
	verdict->why = g_strdup(text->str);
}

static char *
evidence_text(const struct question *question, const struct verdict *verdict)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(verdict->this_update);
	g_autofree char *when =
		time == NULL ? g_strdup("?") : g_date_time_format(time, "%Y-%m-%d %H:%M UTC");

	return g_strdup_printf("%s %s of %s", verdict->by_ocsp ? "OCSP" : "CRL",
			       verdict->by_ocsp ? question->ocsp_url : question->crl_url, when);
}

static void
count_answer(const struct verdict *verdict)
{
	g_autofree char *labels =
		g_strdup_printf("outcome=\"%s\"", certificate_state_name(verdict->state));

	metrics_count(METRIC_REVOCATION_ANSWERS, labels, 1);
}

/* What came to nothing while a message waits is the courier's. */
static bool
put(struct revocation_inquiry *inquiry, const struct question *question,
    const struct verdict *verdict, bool is_courier, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(inquiry->database, fault);
	g_autofree char *evidence = evidence_text(question, verdict);

	if (connection == NULL)
		return false;
	if (question->is_news &&
	    !status_put_list(connection, question->crl_url, found(&question->crl), verdict, fault))
		return false;
	if (verdict->state == CERTIFICATE_UNCHECKED && !is_courier)
		return true;
	count_answer(verdict);
	return status_put(connection, question->asking, verdict, evidence, fault);
}

static bool
ask(struct revocation_inquiry *inquiry, const struct status_asking *asking,
    const struct round *round, struct fault *fault)
{
	g_auto(question_auto) question = {.asking = asking,
					  .crl_url = distribution_crl(asking->certificate),
					  .ocsp_url = distribution_ocsp(asking->certificate)};
	g_auto(verdict_auto) verdict = {0};

	if (!find_list(inquiry, &question, fault))
		return false;
	if (question.list.is_fresh && !judge(inquiry, &question, &verdict, fault))
		return false;
	if (verdict.state == CERTIFICATE_UNCHECKED) {
		verdict_clear(&verdict);
		if (question.ocsp_url != NULL)
			question.request =
				distribution_request(asking->certificate, asking->issuer);
		ask_network(inquiry, &question, round->until);
		if (!judge(inquiry, &question, &verdict, fault))
			return false;
		explain(&question, &verdict);
	}
	return put(inquiry, &question, &verdict, round->is_courier, fault);
}

static void
run(gpointer data, gpointer context)
{
	struct task *task = data;
	struct fault fault;
	const bool answered = ask(context, task->asking, task->round, &fault);

	if (!answered)
		log_warning("asking whether the certificate %.16s was revoked: %s",
			    task->asking->fingerprint, fault.text);
	round_leave(task->round, answered);
	status_asking_free(task->asking);
	g_free(task);
}

/* --- many at once --- */

/* Returns when all are settled, or at `wait`. Takes the askings out of the array. */
static void
ask_all(struct revocation_inquiry *inquiry, GPtrArray *askings, gint64 until, gint64 wait,
	bool is_courier)
{
	struct round *round = round_new(askings->len, until, is_courier);

	while (askings->len > 0) {
		struct task *task = g_new(struct task, 1);

		*task = (struct task){.round = round,
				      .asking = g_ptr_array_steal_index(askings, askings->len - 1)};
		g_thread_pool_push(inquiry->pool, task, NULL);
	}
	round_wait(round, wait);
}

struct revocation_inquiry *
revocation_new(const struct revocation_settings *settings)
{
	struct revocation_inquiry *inquiry = g_new0(struct revocation_inquiry, 1);

	inquiry->database = settings->database;
	inquiry->finder = g_strdup(settings->finder);
	inquiry->reader = evidence_reader_new();
	inquiry->pool = g_thread_pool_new(run, inquiry, ASKED_AT_ONCE, FALSE, NULL);
	return inquiry;
}

void
revocation_free(struct revocation_inquiry *inquiry)
{
	if (inquiry == NULL)
		return;
	g_thread_pool_free(inquiry->pool, FALSE, TRUE);
	evidence_reader_free(inquiry->reader);
	g_free(inquiry->finder);
	g_free(inquiry);
}

static bool
find_missing(struct revocation_inquiry *inquiry, const GPtrArray *chains, GPtrArray *askings,
	     struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(inquiry->database, fault);

	if (connection == NULL)
		return false;
	for (guint i = 0; i < chains->len; i++)
		if (!status_missing(connection, g_ptr_array_index(chains, i), askings, fault))
			return false;
	if (!status_want(connection, askings, GRACE_SECONDS, fault))
		return false;
	g_ptr_array_set_size(askings, (gint)MIN(askings->len, (guint)ASKED_FOR_MESSAGE));
	return true;
}

bool
revocation_before(struct revocation_inquiry *inquiry, const GPtrArray *chains, gint64 until)
{
	g_autoptr(GPtrArray) askings =
		g_ptr_array_new_with_free_func((GDestroyNotify)status_asking_free);
	struct fault fault;

	if (inquiry == NULL || chains->len == 0)
		return false;
	if (!find_missing(inquiry, chains, askings, &fault)) {
		log_warning("asking whether certificates were revoked: %s", fault.text);
		return false;
	}
	if (askings->len == 0)
		return false;
	ask_all(inquiry, askings, until, until, false);
	return true;
}

bool
revocation_round(struct revocation_inquiry *inquiry, bool *more_r, struct fault *fault)
{
	const gint64 now = g_get_monotonic_time();
	g_autoptr(GPtrArray) due =
		g_ptr_array_new_with_free_func((GDestroyNotify)status_asking_free);

	if (g_thread_pool_unprocessed(inquiry->pool) > 0)
		return true; /* there is enough to do */
	{
		g_autoptr(connection_auto) connection = database_take(inquiry->database, fault);

		if (connection == NULL || !status_claim(connection, BATCH, due, more_r, fault))
			return false;
	}
	ask_all(inquiry, due, now + PATIENCE_SECONDS * G_USEC_PER_SEC,
		now + ROUND_SECONDS * G_USEC_PER_SEC, true);
	return true;
}

void
revocation_expect(void)
{
	for (enum certificate_state state = CERTIFICATE_UNCHECKED; state <= CERTIFICATE_REVOKED;
	     state++) {
		g_autofree char *labels =
			g_strdup_printf("outcome=\"%s\"", certificate_state_name(state));

		metrics_expect(METRIC_REVOCATION_ANSWERS, labels);
	}
	metrics_expect(METRIC_FINDER_UNREACHABLE, "");
}
