#include "keystore/found_reader.h"

#include <errno.h>

#include "core/temporary.h"
#include "core/worker.h"
#include "keystore/found_wire.h"
#include "keystore/key_wire.h"

enum { PROCESSES = 4 };

struct found_reader {
	struct worker_pool *pool;
	char *gpg_program;
};

struct found_reader *
found_reader_new(const char *gpg_program)
{
	static const char *const arguments[] = {"found", NULL};
	const struct worker_settings kind = {
		.program = "postseal-keyreader", .arguments = arguments, .busy_max = PROCESSES};
	struct found_reader *reader = g_new(struct found_reader, 1);

	reader->pool = worker_pool_new(&kind);
	reader->gpg_program = g_strdup(gpg_program);
	return reader;
}

void
found_reader_free(struct found_reader *reader)
{
	if (reader == NULL)
		return;
	worker_pool_free(reader->pool);
	g_free(reader->gpg_program);
	g_free(reader);
}

static GPtrArray *
ask(int socket, const struct found_files *files, gint64 until, char **why_r, struct fault *fault)
{
	g_autoptr(GBytes) question = found_files_pack(files);
	g_autoptr(GBytes) answer = NULL;

	if (key_wire_send(socket, question, FOUND_WIRE_MAX, until))
		answer = key_wire_receive(socket, FOUND_WIRE_MAX, until);
	if (answer != NULL)
		return found_keys_unpack(answer, why_r, fault);
	fault_set(fault, errno == ETIMEDOUT ? FAULT_TIMEOUT : FAULT_CRYPTO,
		  "reading a found key: postseal-keyreader %s",
		  errno == ETIMEDOUT ? "took too long" : "ended without an answer");
	return NULL;
}

GPtrArray *
found_read(struct found_reader *reader, struct found_files *files, gint64 until, char **why_r,
	   struct fault *fault)
{
	g_autoptr(temporary_folder_auto) folder = temporary_folder_new("found", fault);
	struct worker *worker = folder == NULL ? NULL : worker_take(reader->pool, until, fault);
	GPtrArray *keys;

	*why_r = NULL;
	if (worker == NULL)
		return NULL;
	files->gpg_program = reader->gpg_program;
	files->folder = folder;
	keys = ask(worker_socket(worker), files, until, why_r, fault);
	/* The process reads for one address, and leaves nothing behind, in memory or on disk. */
	worker_give(worker, false);
	return keys;
}
