#include <errno.h>

#include "core/catalogue.h"
#include "core/temporary.h"
#include "core/worker.h"
#include "keystore/key_wire.h"
#include "keystore/upload.h"
#include "keystore/upload_judge.h"

enum {
	PROCESSES = 2,	  /* fewer than the threads that may wait for them (portal/web/apart.h) */
	WAIT_SECONDS = 5, /* to wait for a free one */
};

struct upload_reader {
	struct worker_pool *pool;
	char *gpg_program;
	gint64 patience; /* microseconds for one file */
};

struct upload_reader *
upload_reader_new(const struct settings *settings)
{
	const struct worker_settings kind = {.program = "postseal-keyreader",
					     .busy_max = PROCESSES};
	struct upload_reader *reader = g_new(struct upload_reader, 1);

	reader->pool = worker_pool_new(&kind);
	reader->gpg_program = g_strdup(settings->gpg_program);
	reader->patience = (gint64)settings->gpg_timeout * G_USEC_PER_SEC;
	return reader;
}

void
upload_reader_free(struct upload_reader *reader)
{
	if (reader == NULL)
		return;
	worker_pool_free(reader->pool);
	g_free(reader->gpg_program);
	g_free(reader);
}

static struct key_facts *
ask(int socket, const struct upload_file *file, gint64 until, struct fault *fault)
{
	g_autoptr(GBytes) question = upload_file_pack(file);
	g_autoptr(GBytes) answer = NULL;

	if (key_wire_send(socket, question, UPLOAD_WIRE_MAX, until))
		answer = key_wire_receive(socket, UPLOAD_WIRE_MAX, until);
	if (answer != NULL)
		return upload_verdict_unpack(answer, fault);
	if (errno == ETIMEDOUT)
		fault_set(fault, FAULT_INPUT,
			  N_("Reading this file took too long. Please export your own key alone "
			     "into a new file, and upload that one."));
	else
		fault_set(fault, FAULT_CRYPTO,
			  "reading an uploaded key: postseal-keyreader ended without an answer");
	return NULL;
}

struct key_facts *
upload_read(struct upload_reader *reader, const void *bytes, size_t length, const char *address,
	    struct fault *fault)
{
	g_autoptr(temporary_folder_auto) folder = temporary_folder_new("upload", fault);
	const struct upload_file file = {bytes, length, address, reader->gpg_program, folder};
	const gint64 begun = g_get_monotonic_time();
	struct worker *worker;
	struct key_facts *key;

	worker = folder == NULL
			 ? NULL
			 : worker_take(reader->pool, begun + WAIT_SECONDS * G_USEC_PER_SEC, fault);
	if (worker == NULL)
		return NULL;
	key = ask(worker_socket(worker), &file, g_get_monotonic_time() + reader->patience, fault);
	/* The process reads one file, and leaves nothing of it behind, in memory or on disk. */
	worker_give(worker, false);
	return key;
}
