/*
 * What postseal-reader hands back about the documents of a message, where a document has taken it
 * over: whatever it says, the milter has text and names that the rules can look at, or a sentence,
 * and the portal lists parts that are in the message.
 *
 * The input is what the processes answer, one after the other, each with its length before it (two
 * bytes, the lower one first); when it is used up, they end without an answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/worker.h"
#include "delivery/facts.h"
#include "mail/layout_unpack.h"
#include "mail/mime_stream.h"
#include "mail/parts.h"

enum { ANSWER_MAX = 65535 }; /* less than a socket holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
struct worker *__wrap_worker_take(struct worker_pool *pool, gint64 until, struct fault *fault);
int __wrap_worker_socket(const struct worker *worker);
void __wrap_worker_give(struct worker *worker, bool well);
void __wrap_worker_prepare(struct worker_pool *pool);

/* A document of each kind, and one that is two of them. */
static const char text[] =
	"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\nContent-Type: text/plain\r\n\r\nSee the files.\r\n"
	"--b\r\nContent-Type: application/zip; name=a.zip\r\n\r\nPK\3\4\r\n"
	"--b\r\nContent-Type: application/pdf; name=b.pdf\r\n\r\n%PDF-1.4\r\n"
	"--b\r\nContent-Type: application/rtf; name=c.rtf\r\n\r\n{\\rtf1 }\r\n"
	"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	"eJ8+Ig==\r\n"
	"--b\r\nContent-Type: application/pdf; name=e.pdf\r\n\r\n%PDF-1.4 PK\5\6aaaaaaaaaaaaaaaaaa\r\n"
	"--b--\r\n";

/* --- the processes --- */

static struct {
	const uint8_t *answers;
	size_t left;
} input;

/* It has all been said before it is asked. */
struct worker {
	int ours, theirs;
};

static size_t
next_length(void)
{
	size_t length;

	if (input.left < 2)
		return 0;
	length = input.answers[0] | (size_t)input.answers[1] << 8;
	input.answers += 2;
	input.left -= 2;
	return MIN(MIN(length, input.left), (size_t)ANSWER_MAX);
}

struct worker *
__wrap_worker_take(struct worker_pool *pool, gint64 until, struct fault *fault)
{
	struct worker *worker = g_new(struct worker, 1);
	const size_t length = next_length();
	int ends[2];

	(void)pool, (void)until, (void)fault;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
	    send(ends[1], input.answers, length, MSG_DONTWAIT) != (ssize_t)length ||
	    shutdown(ends[1], SHUT_WR) != 0)
		abort();
	input.answers += length;
	input.left -= length;
	*worker = (struct worker){ends[0], ends[1]};
	return worker;
}

int
__wrap_worker_socket(const struct worker *worker)
{
	return worker->ours;
}

void
__wrap_worker_give(struct worker *worker, bool well)
{
	(void)well;
	close(worker->ours);
	close(worker->theirs);
	g_free(worker);
}

void
__wrap_worker_prepare(struct worker_pool *pool)
{
	(void)pool;
}

/* --- what the rules see --- */

static bool
look(void *visitor, const char *bytes, size_t length)
{
	(void)visitor;
	if (!g_utf8_validate_len(bytes, length, NULL))
		abort(); /* the regular expressions rely on it */
	return true;
}

static bool
look_at_name(void *visitor, const char *name, const char *type)
{
	(void)visitor;
	if (type == NULL || (name != NULL && !g_utf8_validate(name, -1, NULL)))
		abort();
	return true;
}

static bool
look_at_document(const struct document *document, void *data)
{
	(void)data;
	if (document->part == NULL || document->place == NULL || document->kinds == 0 ||
	    (document->hides_names && !document->hides_text) ||
	    document->hides_text != (*document->why != '\0') ||
	    !g_utf8_validate(document->why, -1, NULL))
		abort();
	return true;
}

/* Whether documents can be looked into or not: the record, the log and the sender are told. */
static void
ask_all(struct facts *facts)
{
	const struct policy_facts *policy = &facts->policy;
	struct policy_opaque opaque = {0};
	struct fault fault = {0};

	if (!policy->parts(facts, look_at_name, NULL, &fault) && *fault.text == '\0')
		abort();
	if (!policy->text(facts, look, NULL, &fault) && *fault.text == '\0')
		abort();
	if (policy->opaque(facts, &opaque, &fault) &&
	    ((opaque.names && !opaque.text) || (opaque.text && *opaque.why == '\0') ||
	     (opaque.why != NULL && !g_utf8_validate(opaque.why, -1, NULL))))
		abort();
	if (!g_utf8_validate(fault.text, -1, NULL))
		abort();
	documents_each(parts_documents(facts->parts), look_at_document, NULL);
}

/* --- what the portal lists --- */

static void
check_parts(const GPtrArray *parts)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct layout_part *part = g_ptr_array_index(parts, i);

		if (part->offset > sizeof text || part->length > sizeof text - part->offset ||
		    part->size > sizeof text || part->skip > sizeof text ||
		    !g_utf8_validate(part->name, -1, NULL) ||
		    (part->text != NULL && !g_utf8_validate(part->text, -1, NULL)))
			abort();
		if (part->inner != NULL) {
			check_parts(part->inner->attachments);
			check_parts(part->inner->body);
		}
	}
}

static void
unpack_all(struct reader *reader)
{
	static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 24};
	g_autoptr(spool_auto) raw = spool_new(&in_memory);
	g_autoptr(layout_auto) layout = NULL;
	g_autoptr(layout_auto) again = NULL;
	g_autofree char *printed = NULL;
	struct fault fault;

	if (!spool_append(raw, text, sizeof text - 1, &fault) ||
	    (layout = layout_new(raw, &fault)) == NULL)
		abort();
	layout_unpack(layout, raw, reader, "/tmp");
	check_parts(layout->attachments);
	check_parts(layout->body);
	printed = layout_print(layout);
	again = printed == NULL ? NULL : layout_parse(printed);
	if (again == NULL || again->attachments->len != layout->attachments->len)
		abort();
}

static struct message *
read_message(void)
{
	static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 24};
	struct message *message = message_new(&in_memory);
	FILE *file = fmemopen((void *)text, sizeof text - 1, "r");
	struct fault fault;

	mime_start();
	if (file == NULL || !message_read(message, file, &fault) ||
	    !message_set_sender(message, &(struct envelope_argument){.path = "<a@b.example>"},
				&fault))
		abort();
	fclose(file);
	return message;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings *settings;
	static struct message *message;
	struct documents_settings documents = {.directory = "/tmp", .processes = 1, .seconds = 30};
	struct facts facts;

	if (message == NULL) {
		message = read_message();
		settings = settings_new();
		settings->limit_parts = 1000;
	}
	input.answers = data;
	input.left = size;
	documents.reader = reader_new(settings);
	facts_init(&facts, message, settings, &documents, NULL);
	ask_all(&facts);
	facts_clear(&facts);
	input.answers = data;
	input.left = size;
	unpack_all(documents.reader);
	reader_free(documents.reader);
	return 0;
}
