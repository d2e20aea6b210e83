#include "milter/untaken.h"

#include "audit/audit.h"
#include "core/log.h"

static bool
put(struct database *database, const struct audit_message *record, const struct fault *why,
    struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);

	return connection != NULL && batch_begin(connection, fault) &&
	       audit_add_message(connection, record, fault) &&
	       audit_event(connection, record->id.text, NULL, "not accepted", why->text, fault) &&
	       batch_commit(connection, fault);
}

void
untaken_note(struct database *database, const struct message *message, const struct fault *why)
{
	g_autofree char *message_id = message_field_text(message, "Message-ID");
	struct audit_message record = {.offer = 1,
				       .queue_id = message->queue_id,
				       .authenticated = message->authenticated,
				       .client = message->client,
				       .message_id = message_id,
				       .sender = message->sender == NULL ? "" : message->sender,
				       .size = message_size(message)};
	struct fault fault;

	if (why->cause == FAULT_DATABASE)
		return;
	identifier_make(&record.id);
	if (!put(database, &record, why, &fault))
		log_warning("%s: recording that the message was not accepted: %s",
			    message->queue_id, fault.text);
}
