#include "portal/pop/states.h"

#include "core/log.h"

static bool
delete_one(const struct dialogue *dialogue, const struct maildrop_message *message,
	   struct fault *fault)
{
	const struct mailbox mailbox = dialogue_mailbox(dialogue);
	g_auto(mailbox_item_auto) item = {0};
	g_autoptr(connection_auto) connection = NULL;
	bool found;

	if (!mailbox_find(&mailbox, message->id.text, &item, &found, fault))
		return false;
	if (!found)
		return true;
	connection = database_take(mailbox.database, fault);
	return connection != NULL && mailbox_delete(connection, mailbox.settings, &item, fault);
}

static bool
delete_marked(struct dialogue *dialogue)
{
	const GArray *messages = dialogue->maildrop.messages;
	struct fault fault;
	bool done = true;

	for (guint i = 0; i < messages->len; i++) {
		const struct maildrop_message *message =
			&g_array_index(messages, struct maildrop_message, i);

		if (!message->is_deleted || delete_one(dialogue, message, &fault))
			continue;
		log_error("deleting a message for a mail client: %s", fault.text);
		done = false;
	}
	return done;
}

static bool
has_marked(const struct dialogue *dialogue)
{
	unsigned long count;
	uint64_t bytes;

	if (!dialogue->is_signed_in)
		return false;
	maildrop_count(&dialogue->maildrop, &count, &bytes);
	return count < dialogue->maildrop.messages->len;
}

/* What was asked for before, in one piece with QUIT, has to be on its way first: a message that is
 * deleted must not have been sent in vain. */
void
update_quit(struct dialogue *dialogue, const struct pop_command *command)
{
	struct fault fault;

	(void)command;
	if (!has_marked(dialogue))
		dialogue_reply(dialogue, "+OK");
	else if (!wire_flush(&dialogue->wire, &fault))
		log_info("nothing is deleted for a mail client: %s", fault.text);
	else if (dialogue_may_go_on(dialogue))
		dialogue_reply(dialogue, delete_marked(dialogue)
						 ? "+OK"
						 : "-ERR [SYS/TEMP] Not all messages were deleted");
	dialogue_end(dialogue);
}
