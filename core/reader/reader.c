#include "core/reader/reader.h"

#include <errno.h>
#include <string.h>

#include "core/metrics.h"
#include "core/transfer.h"
#include "core/worker.h"

enum {
	WAIT_SECONDS = 5, /* for a free process, unless the caller says until when */
	ATTEMPTS_MAX = 2,
};

/* A big library has a program of its own, so that only its documents wait until it is loaded. */
enum program { PAGES, OFFICE, PDF, PREVIEW, PROGRAMS };

static const struct {
	const char *name;
	size_t document_max; /* bytes */
} programs[PROGRAMS] = {
	[PAGES] = {"postseal-reader", READER_DOCUMENT_MAX},
	[OFFICE] = {"postseal-reader-office", READER_OFFICE_MAX},
	[PDF] = {"postseal-reader-pdf", READER_OFFICE_MAX},
	[PREVIEW] = {"postseal-reader-preview", READER_PREVIEW_MAX},
};

/* All other formats are those of the first program. */
static const struct {
	const char *format;
	enum program program;
} elsewhere[] = {{"zip", OFFICE},      {"rtf", OFFICE},		 {"pdf", PDF},
		 {"tnef", OFFICE},     {"tnef list", OFFICE},	 {"tnef body", OFFICE},
		 {"calendar", OFFICE}, {"pdf preview", PREVIEW}, {"picture preview", PREVIEW}};

struct reader {
	struct places *places;
	struct worker_pool *pools[PROGRAMS];
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
	[READER_TOO_MANY] = {"too many", "it has too many parts"},
	[READER_DAMAGED] = {"damaged", "it is damaged, or lacks something"},
};

static enum program
program_of(const char *format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++)
		if (strcmp(format, elsewhere[i].format) == 0)
			return elsewhere[i].program;
	return PAGES;
}

struct reader *
reader_new(const struct settings *settings)
{
	static const char *const nothing[] = {NULL};
	const unsigned processes = (unsigned)settings->reader_processes;
	struct reader *reader = g_new(struct reader, 1);

	reader->places = places_new(processes);
	for (int i = 0; i < PROGRAMS; i++) {
		const struct worker_settings kind = {.program = programs[i].name,
						     .environment = nothing,
						     .idle_max = processes,
						     .busy_max = processes,
						     .places = reader->places};

		reader->pools[i] = worker_pool_new(&kind);
	}
	reader->patience = (gint64)settings->reader_timeout * G_USEC_PER_SEC;
	return reader;
}

void
reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	for (int i = 0; i < PROGRAMS; i++)
		worker_pool_free(reader->pools[i]);
	places_free(reader->places);
	g_free(reader);
}

/* --- one document --- */

static const char died[] = "died";

struct exchange {
	struct reader *reader;
	const char *format;
	gint64 until; /* as the caller says, or TRANSFER_FOREVER */
	int socket;
	struct reader_taker *taker; /* NULL: the format has no pieces */
	GBytes *answer;
};

/* Has the process ended, or was it too slow, or did it not keep to the protocol? All else that can
 * go wrong with the socket is no fault of the document. */
static bool
is_of_process(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == EBADMSG;
}

static bool
fail_exchange(const struct exchange *exchange, struct fault *fault)
{
	const int error = errno;

	fault_set(fault, is_of_process(error) ? FAULT_INPUT : FAULT_STORAGE,
		  "asking the reader about %s: %s", exchange->format, g_strerror(error));
	errno = error;
	return false;
}

/* Writes to the socket. A process that refuses on the request alone does not read on. */
struct socket_sink {
	struct sink sink;
	const struct exchange *exchange;
};

static bool
write_to_socket(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	const struct exchange *exchange = ((struct socket_sink *)sink)->exchange;

	return transfer_send(exchange->socket, data, length, exchange->until) ||
	       fail_exchange(exchange, fault);
}

/* If the document itself cannot be read, its process must not take what came for all of it. */
static bool
send_document(const struct exchange *exchange, const struct spool_part *document,
	      struct fault *fault)
{
	struct reader_request request = {.length = (uint32_t)document->length};
	struct socket_sink sink = {.sink = {.write = write_to_socket}, .exchange = exchange};

	g_strlcpy(request.format, exchange->format, sizeof request.format);
	*fault = (struct fault){0};
	if (write_to_socket(&sink.sink, &request, sizeof request, fault))
		(void)spool_part_copy(document, &sink.sink, fault);
	return (fault->cause == FAULT_NONE || fault->cause == FAULT_INPUT) &&
	       spool_check(document->spool, fault);
}

static bool
receive_piece(const struct exchange *exchange, const struct reader_answer *header, char *bytes,
	      struct fault *fault)
{
	if (exchange->taker == NULL || header->length > READER_PIECE_MAX ||
	    header->outcome >= READER_PIECE_KINDS) {
		errno = EBADMSG;
		return fail_exchange(exchange, fault);
	}
	if (!transfer_receive(exchange->socket, bytes, header->length, exchange->until))
		return fail_exchange(exchange, fault);
	return exchange->taker->take(exchange->taker, header->outcome, bytes, header->length,
				     fault);
}

/* Up to the header of the answer. */
static bool
receive_pieces(const struct exchange *exchange, struct reader_answer *header_r, struct fault *fault)
{
	g_autofree char *bytes = exchange->taker == NULL ? NULL : g_malloc(READER_PIECE_MAX);

	for (;;) {
		if (!transfer_receive(exchange->socket, header_r, sizeof *header_r,
				      exchange->until))
			return fail_exchange(exchange, fault);
		if (header_r->outcome < READER_TEXT)
			return true;
		if (!receive_piece(exchange, header_r, bytes, fault))
			return false;
	}
}

static bool
receive_answer(struct exchange *exchange, enum reader_outcome *outcome_r, struct fault *fault)
{
	struct reader_answer answer;
	g_autofree char *bytes = NULL;

	if (!receive_pieces(exchange, &answer, fault))
		return false;
	if (answer.outcome >= READER_OUTCOMES || answer.length > READER_ANSWER_MAX) {
		errno = EBADMSG;
		return fail_exchange(exchange, fault);
	}
	bytes = g_malloc(answer.length + 1);
	if (!transfer_receive(exchange->socket, bytes, answer.length, exchange->until))
		return fail_exchange(exchange, fault);
	*outcome_r = answer.outcome;
	exchange->answer = g_bytes_new_take(g_steal_pointer(&bytes), answer.length);
	return true;
}

/* Distinguishes a process that has died from one that takes too long. */
static bool
exchange_all(struct exchange *exchange, const struct spool_part *document, const char **outcome_r,
	     struct fault *fault)
{
	enum reader_outcome outcome = READER_DONE;

	*outcome_r = "failed";
	if (!send_document(exchange, document, fault))
		return false;
	errno = 0;
	*fault = (struct fault){0};
	if (!receive_answer(exchange, &outcome, fault)) {
		bool slow = errno == ETIMEDOUT;

		if (fault->cause != FAULT_INPUT)
			return false;
		*outcome_r = slow ? "too slow" : died;
		return fault_set(fault, FAULT_INPUT, "reading %s: %s", exchange->format,
				 slow ? "it took too long" : "the reader crashed");
	}
	*outcome_r = outcomes[outcome].name;
	return outcome == READER_DONE || fault_set(fault, FAULT_INPUT, "reading %s: %s",
						   exchange->format, outcomes[outcome].text);
}

static void
count(const char *format, const char *outcome)
{
	g_autofree char *labels = g_strdup_printf("format=\"%s\",outcome=\"%s\"", format, outcome);

	metrics_count(METRIC_READER_DOCUMENTS, labels, 1);
}

static gint64
end_of_wait(const struct exchange *exchange, gint64 begun)
{
	return exchange->until == TRANSFER_FOREVER ? begun + WAIT_SECONDS * G_USEC_PER_SEC
						   : exchange->until;
}

static bool
attempt(struct exchange *exchange, const struct spool_part *document, const char **outcome_r,
	struct fault *fault)
{
	const gint64 begun = g_get_monotonic_time(), until = exchange->until;
	struct worker_pool *pool = exchange->reader->pools[program_of(exchange->format)];
	struct worker *worker = worker_take(pool, end_of_wait(exchange, begun), fault);
	bool done;

	if (worker == NULL) {
		*outcome_r = fault->cause == FAULT_OVERLOAD ? "busy" : "not started";
		return false;
	}
	if (exchange->taker != NULL)
		exchange->taker->begin(exchange->taker);
	exchange->socket = worker_socket(worker);
	exchange->until = MIN(until, g_get_monotonic_time() + exchange->reader->patience);
	done = exchange_all(exchange, document, outcome_r, fault);
	exchange->until = until;
	worker_give(worker, false);
	worker_prepare(pool);
	metrics_end(begun, METRIC_READER, "");
	return done;
}

/* A process that died is not always the document's doing: the kernel ends some when memory is
 * short. */
static bool
ask(struct exchange *exchange, const struct spool_part *document, struct fault *fault)
{
	const char *outcome = outcomes[READER_TOO_LARGE].name;
	bool done = false;

	if (document->length > programs[program_of(exchange->format)].document_max) {
		count(exchange->format, outcome);
		return fault_set(fault, FAULT_INPUT, "reading %s: %s", exchange->format,
				 outcomes[READER_TOO_LARGE].text);
	}
	for (int i = 0; i < ATTEMPTS_MAX && (i == 0 || outcome == died); i++)
		done = attempt(exchange, document, &outcome, fault);
	count(exchange->format, outcome);
	return done;
}

GBytes *
reader_ask_part(struct reader *reader, const char *format, const struct spool_part *document,
		struct fault *fault)
{
	struct exchange exchange = {.reader = reader, .format = format, .until = TRANSFER_FOREVER};

	if (!ask(&exchange, document, fault))
		g_clear_pointer(&exchange.answer, g_bytes_unref);
	return exchange.answer;
}

GBytes *
reader_ask(struct reader *reader, const char *format, const void *document, size_t length,
	   struct fault *fault)
{
	const struct spool_settings in_memory = {.memory_max = READER_DOCUMENT_MAX};
	g_autoptr(spool_auto) spool = spool_new(&in_memory);
	const struct spool_part whole = {spool, 0, length};

	/* One that is too large is not sent. */
	if (length <= READER_DOCUMENT_MAX && !spool_append(spool, document, length, fault))
		return NULL;
	return reader_ask_part(reader, format, &whole, fault);
}

bool
reader_take(struct reader *reader, const char *format, const struct spool_part *document,
	    gint64 until, struct reader_taker *taker, struct fault *fault)
{
	struct exchange exchange = {
		.reader = reader, .format = format, .until = until, .taker = taker};
	bool done = ask(&exchange, document, fault);

	g_clear_pointer(&exchange.answer, g_bytes_unref);
	return done;
}

static void
begin_nothing(struct reader_taker *taker)
{
	(void)taker;
}

static bool
ignore(struct reader_taker *taker, enum reader_piece piece, const char *bytes, size_t length,
       struct fault *fault)
{
	(void)taker, (void)piece, (void)bytes, (void)length, (void)fault;
	return true;
}

bool
reader_check(const struct settings *settings, const char *format, struct fault *fault)
{
	const struct spool_settings in_memory = {.memory_max = 1};
	g_autoptr(spool_auto) nothing = spool_new(&in_memory);
	const struct spool_part whole = {nothing, 0, 0};
	struct reader_taker taker = {begin_nothing, ignore};
	struct reader *reader = reader_new(settings);
	bool good = reader_take(reader, format, &whole, TRANSFER_FOREVER, &taker, fault);

	if (!good)
		fault_within(fault, "asking %s",
			     worker_pool_program(reader->pools[program_of(format)]));
	reader_free(reader);
	return good;
}
