#include "portal/pop/states.h"

#include <inttypes.h>

#include "core/log.h"
#include "core/metrics.h"
#include "portal/pop/multiline.h"

enum { PIECE_BYTES = 65536 };

/* --- lists --- */

void
transaction_stat(struct dialogue *dialogue, const struct pop_command *command)
{
	unsigned long count;
	uint64_t bytes;

	(void)command;
	maildrop_count(&dialogue->maildrop, &count, &bytes);
	dialogue_reply(dialogue, "+OK %lu %" PRIu64, count, bytes);
}

/* NULL: the client was told that there is none. */
static struct maildrop_message *
find(struct dialogue *dialogue, const struct pop_command *command)
{
	struct maildrop_message *message = maildrop_find(&dialogue->maildrop, command->number);

	if (message == NULL)
		dialogue_refuse(dialogue, "There is no such message");
	return message;
}

static char *
size_of(const struct maildrop_message *message)
{
	return g_strdup_printf("%" PRIu64, message->size);
}

static char *
identifier_of(const struct maildrop_message *message)
{
	return g_strdup(message->id.text);
}

/* LIST and UIDL: of one message, or of all. */
static void
list(struct dialogue *dialogue, const struct pop_command *command,
     char *(*shown)(const struct maildrop_message *message))
{
	if (command->has_number) {
		const struct maildrop_message *message = find(dialogue, command);
		g_autofree char *text = message == NULL ? NULL : shown(message);

		if (text != NULL)
			dialogue_reply(dialogue, "+OK %lu %s", command->number, text);
		return;
	}
	dialogue_reply(dialogue, "+OK");
	for (unsigned long i = 1; i <= dialogue->maildrop.messages->len && !dialogue->is_over;
	     i++) {
		const struct maildrop_message *message = maildrop_find(&dialogue->maildrop, i);
		g_autofree char *text = message == NULL ? NULL : shown(message);

		if (text != NULL)
			dialogue_reply(dialogue, "%lu %s", i, text);
	}
	dialogue_reply(dialogue, ".");
}

void
transaction_list(struct dialogue *dialogue, const struct pop_command *command)
{
	list(dialogue, command, size_of);
}

void
transaction_uidl(struct dialogue *dialogue, const struct pop_command *command)
{
	list(dialogue, command, identifier_of);
}

/* --- messages --- */

/* Once it has begun, a reply can only be broken off: a client that does not see its end knows that
 * it is not whole. */
static bool
send_content(struct dialogue *dialogue, const struct content_source *source,
	     const unsigned long *lines_max, char *piece, struct fault *fault)
{
	g_autoptr(content_auto) content = content_open(source, NULL);
	struct multiline_sink multiline;
	size_t got;

	multiline_sink_init(&multiline, &dialogue->wire.sink, lines_max);
	do {
		if (!content_read(content, piece, PIECE_BYTES, &got, fault) ||
		    !sink_write(&multiline.sink, piece, got, fault))
			return false;
	} while (got > 0 && !multiline.is_full);
	return sink_finish(&multiline.sink, fault);
}

/* It is somebody's mail. */
static bool
send_and_wipe(struct dialogue *dialogue, const struct content_source *source,
	      const unsigned long *lines_max, struct fault *fault)
{
	char *piece = g_malloc(PIECE_BYTES);
	bool sent = send_content(dialogue, source, lines_max, piece, fault);

	sodium_memzero(piece, PIECE_BYTES);
	g_free(piece);
	return sent;
}

static void
send_message(struct dialogue *dialogue, const struct maildrop_message *message,
	     const unsigned long *lines_max)
{
	static const struct mailbox_use as_original = {.part = MAILBOX_ORIGINAL,
						       .without_layout = true};
	const struct mailbox mailbox = dialogue_mailbox(dialogue);
	g_auto(mailbox_item_auto) item = {0};
	struct fault fault;
	bool found;

	if (!mailbox_open(&mailbox, message->id.text, &as_original, &item, &found, &fault)) {
		dialogue_fail(dialogue, &fault);
		return;
	}
	if (!found) {
		dialogue_refuse(dialogue, "The message is gone: it has expired, or was deleted");
		return;
	}
	dialogue_reply(dialogue, "+OK %" PRIu64 " octets", message->size);
	if (send_and_wipe(dialogue, &item.content, lines_max, &fault)) {
		metrics_count(METRIC_POP_MESSAGES, "outcome=\"sent\"", 1);
	} else {
		metrics_count(METRIC_POP_MESSAGES, "outcome=\"broken off\"", 1);
		if (fault.cause == FAULT_PEER)
			log_info("sending a message to a mail client: %s", fault.text);
		else
			log_error("sending a message to a mail client: %s", fault.text);
		dialogue->wire.out_length = 0;
		dialogue_end(dialogue);
	}
}

void
transaction_retr(struct dialogue *dialogue, const struct pop_command *command)
{
	const struct maildrop_message *message = find(dialogue, command);

	if (message != NULL && dialogue_may_go_on(dialogue))
		send_message(dialogue, message, NULL);
}

void
transaction_top(struct dialogue *dialogue, const struct pop_command *command)
{
	const struct maildrop_message *message = find(dialogue, command);

	if (message != NULL && dialogue_may_go_on(dialogue))
		send_message(dialogue, message, &command->lines_max);
}

void
transaction_dele(struct dialogue *dialogue, const struct pop_command *command)
{
	struct maildrop_message *message = find(dialogue, command);

	if (message == NULL)
		return;
	message->is_deleted = true;
	dialogue_reply(dialogue, "+OK");
}

void
transaction_rset(struct dialogue *dialogue, const struct pop_command *command)
{
	(void)command;
	maildrop_restore(&dialogue->maildrop);
	dialogue_reply(dialogue, "+OK");
}

void
transaction_noop(struct dialogue *dialogue, const struct pop_command *command)
{
	(void)command;
	dialogue_reply(dialogue, "+OK");
}
