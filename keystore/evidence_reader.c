#include "keystore/evidence_reader.h"

#include <errno.h>

#include "core/worker.h"
#include "keystore/evidence_wire.h"
#include "keystore/key_wire.h"

enum { PROCESSES = 4 };

struct evidence_reader {
	struct worker_pool *pool;
};

struct evidence_reader *
evidence_reader_new(void)
{
	static const char *const arguments[] = {"evidence", NULL};
	const struct worker_settings kind = {
		.program = "postseal-keyreader", .arguments = arguments, .busy_max = PROCESSES};
	struct evidence_reader *reader = g_new(struct evidence_reader, 1);

	reader->pool = worker_pool_new(&kind);
	return reader;
}

void
evidence_reader_free(struct evidence_reader *reader)
{
	if (reader == NULL)
		return;
	worker_pool_free(reader->pool);
	g_free(reader);
}

static bool
ask(int socket, const struct evidence *evidence, gint64 until, struct verdict *verdict_r,
    struct fault *fault)
{
	g_autoptr(GBytes) question = evidence_pack(evidence);
	g_autoptr(GBytes) answer = NULL;

	if (key_wire_send(socket, question, EVIDENCE_WIRE_MAX, until))
		answer = key_wire_receive(socket, EVIDENCE_WIRE_MAX, until);
	if (answer != NULL && verdict_unpack(answer, verdict_r))
		return true;
	return fault_set(fault, errno == ETIMEDOUT ? FAULT_TIMEOUT : FAULT_CRYPTO,
			 "reading a CRL or an OCSP response: postseal-keyreader %s",
			 errno == ETIMEDOUT ? "took too long" : "ended without an answer");
}

bool
evidence_read(struct evidence_reader *reader, const struct evidence *evidence, gint64 until,
	      struct verdict *verdict_r, struct fault *fault)
{
	struct worker *worker = worker_take(reader->pool, until, fault);
	bool done;

	*verdict_r = (struct verdict){0};
	if (worker == NULL)
		return false;
	done = ask(worker_socket(worker), evidence, until, verdict_r, fault);
	/* The process reads once, and keeps nothing. */
	worker_give(worker, false);
	return done;
}
