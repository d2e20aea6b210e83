#include "core/reader/reader.h"

#include <errno.h>
#include <string.h>

#include "core/metrics.h"
#include "core/transfer.h"
#include "core/worker.h"

enum { WAIT_SECONDS = 5 }; /* for a free process */

struct reader {
	struct worker_pool *pool;
	gint64 patience; /* microseconds for one document */
};

static const struct {
	const char *name, *text;
} outcomes[READER_OUTCOMES] = {
	[READER_DONE] = {"done", ""},
	[READER_NO_FORMAT] = {"no format", "the reader does not know this format"},
	[READER_TOO_LARGE] = {"too large", "it is too large"},
	[READER_TOO_DEEP] = {"too deep", "it is nested too deeply"},
	[READER_TOO_MUCH_WORK] = {"too much work", "it takes too much work for its size"},
	[READER_TOO_MUCH_MEMORY] = {"too much memory", "it takes too much memory"},
};

struct reader *
reader_new(const struct settings *settings)
{
	static const char *const nothing[] = {NULL};
	const unsigned processes = (unsigned)settings->reader_processes;
	const struct worker_settings kind = {.program = "postseal-reader",
					     .environment = nothing,
					     .idle_max = processes,
					     .busy_max = processes};
	struct reader *reader = g_new(struct reader, 1);

	reader->pool = worker_pool_new(&kind);
	reader->patience = (gint64)settings->reader_timeout * G_USEC_PER_SEC;
	return reader;
}

void
reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	worker_pool_free(reader->pool);
	g_free(reader);
}

/* --- one document --- */

struct exchange {
	int socket;
	gint64 until;
	const char *format;
};

static bool
send_document(const struct exchange *exchange, const void *document, size_t length)
{
	struct reader_request request = {.length = (uint32_t)length};

	g_strlcpy(request.format, exchange->format, sizeof request.format);
	return transfer_send(exchange->socket, &request, sizeof request, exchange->until) &&
	       transfer_send(exchange->socket, document, length, exchange->until);
}

static GBytes *
receive_answer(const struct exchange *exchange, enum reader_outcome *outcome_r)
{
	struct reader_answer answer;
	g_autofree char *bytes = NULL;

	if (!transfer_receive(exchange->socket, &answer, sizeof answer, exchange->until))
		return NULL;
	if (answer.outcome >= READER_OUTCOMES || answer.length > READER_ANSWER_MAX) {
		errno = EBADMSG;
		return NULL;
	}
	bytes = g_malloc(answer.length + 1);
	if (!transfer_receive(exchange->socket, bytes, answer.length, exchange->until))
		return NULL;
	*outcome_r = answer.outcome;
	return g_bytes_new_take(g_steal_pointer(&bytes), answer.length);
}

/* Distinguishes a process that has died from one that takes too long; the document caused both. */
static GBytes *
exchange_all(const struct exchange *exchange, const void *document, size_t length,
	     const char **outcome_r, struct fault *fault)
{
	enum reader_outcome outcome = READER_DONE;
	g_autoptr(GBytes) answer = NULL;

	/* A process that refuses on the request alone has answered without reading further. */
	(void)send_document(exchange, document, length);
	answer = receive_answer(exchange, &outcome);
	if (answer == NULL) {
		bool slow = errno == ETIMEDOUT;

		*outcome_r = slow ? "too slow" : "died";
		fault_set(fault, FAULT_INPUT, "reading %s: %s", exchange->format,
			  slow ? "it took too long" : "the reader crashed");
		return NULL;
	}
	*outcome_r = outcomes[outcome].name;
	if (outcome != READER_DONE) {
		fault_set(fault, FAULT_INPUT, "reading %s: %s", exchange->format,
			  outcomes[outcome].text);
		return NULL;
	}
	return g_steal_pointer(&answer);
}

static void
count(const char *format, const char *outcome)
{
	g_autofree char *labels = g_strdup_printf("format=\"%s\",outcome=\"%s\"", format, outcome);

	metrics_count(METRIC_READER_DOCUMENTS, labels, 1);
}

GBytes *
reader_ask(struct reader *reader, const char *format, const void *document, size_t length,
	   struct fault *fault)
{
	const gint64 begun = g_get_monotonic_time();
	struct worker *worker;
	struct exchange exchange = {.format = format};
	const char *outcome = outcomes[READER_TOO_LARGE].name;
	GBytes *answer = NULL;

	if (length > READER_DOCUMENT_MAX) {
		fault_set(fault, FAULT_INPUT, "reading %s: %s", format,
			  outcomes[READER_TOO_LARGE].text);
		count(format, outcome);
		return NULL;
	}
	worker = worker_take(reader->pool, begun + WAIT_SECONDS * G_USEC_PER_SEC, fault);
	if (worker == NULL) {
		count(format, fault->cause == FAULT_OVERLOAD ? "busy" : "not started");
		return NULL;
	}
	exchange.socket = worker_socket(worker);
	exchange.until = g_get_monotonic_time() + reader->patience;
	answer = exchange_all(&exchange, document, length, &outcome, fault);
	worker_give(worker, false);
	worker_prepare(reader->pool);
	count(format, outcome);
	metrics_end(begun, METRIC_READER, "");
	return answer;
}

bool
reader_check(const struct settings *settings, const char *format, struct fault *fault)
{
	struct reader *reader = reader_new(settings);
	g_autoptr(GBytes) answer = reader_ask(reader, format, "", 0, fault);
	bool good = answer != NULL;

	if (!good)
		fault_within(fault, "asking %s", worker_pool_program(reader->pool));
	reader_free(reader);
	return good;
}
