#include "milter/known.h"

#include <string.h>

#include "core/database.h"
#include "delivery/outbox/decided.h"
#include "delivery/outbox/outbox.h"
#include "delivery/variant.h"
#include "keystore/keystore.h"

/* Copies and notices are only for the recipients they were made for; any other kind is a letter of
 * ours. */
static bool
is_letter(const struct decided *decided)
{
	return strcmp(decided->kind, "copy") != 0 && strcmp(decided->kind, "notice") != 0;
}

/* Members' answers and bounces may go wherever the rules say; everything else lets its reader open
 * messages or ask for codes. */
static bool
is_secret(const struct decided *decided)
{
	return strcmp(decided->kind, "copy") != 0 && strcmp(decided->kind, "reply") != 0 &&
	       strcmp(decided->kind, "bounce") != 0;
}

/* One of our letters to an employee may have been mapped to another address of the company. */
static void
sort(struct known *known, struct recipient *recipient, const struct settings *settings)
{
	GPtrArray *place = known->others;

	for (guint i = 0; i < known->decisions->len && place != known->verified; i++) {
		struct decided *decided = g_ptr_array_index(known->decisions, i);
		bool is_named = strcmp(decided->address, recipient->folded) == 0;

		if (is_named && decided->verified) {
			place = known->verified;
			g_ptr_array_add(known->verified_by, decided);
		} else if (place == known->others &&
			   (is_named ||
			    (is_letter(decided) &&
			     keystore_is_employee(settings->domains, recipient->folded)))) {
			place = known->passed;
		}
	}
	g_ptr_array_add(place, recipient);
}

bool
known_find(struct known *known, const struct message *message, const struct settings *settings,
	   struct database *database, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	unsigned char imprint[IMPRINT_BYTES];

	*known = (struct known){.passed = g_ptr_array_new(),
				.verified = g_ptr_array_new(),
				.others = g_ptr_array_new(),
				.verified_by = g_ptr_array_new()};
	if (!imprint_of(message, imprint, fault))
		return false;
	connection = database_take(database, fault);
	known->decisions = connection == NULL ? NULL : decided_find(connection, imprint, fault);
	if (known->decisions == NULL)
		return false;
	for (guint i = 0; i < known->decisions->len; i++)
		known->is_secret |= is_secret(g_ptr_array_index(known->decisions, i));
	for (guint i = 0; i < message->recipients->len; i++)
		sort(known, g_ptr_array_index(message->recipients, i), settings);
	return true;
}

void
known_clear(struct known *known)
{
	g_clear_pointer(&known->passed, g_ptr_array_unref);
	g_clear_pointer(&known->verified, g_ptr_array_unref);
	g_clear_pointer(&known->others, g_ptr_array_unref);
	g_clear_pointer(&known->verified_by, g_ptr_array_unref);
	g_clear_pointer(&known->decisions, g_ptr_array_unref);
}

static const char *
message_of(const struct known *known, guint i)
{
	return ((const struct decided *)g_ptr_array_index(known->verified_by, i))->message;
}

/* Those who were decided on with the message in the log, or without any that is still there. */
static bool
add_recipients(struct outbox_writer *writer, const struct known *known, struct fault *fault)
{
	for (guint i = 0; i < known->verified->len; i++) {
		const struct recipient *recipient = g_ptr_array_index(known->verified, i);
		const struct decided *decided = g_ptr_array_index(known->verified_by, i);
		const struct outbox_recipient to = {
			.address = recipient->address,
			.notify = recipient->notify,
			.orcpt = recipient->orcpt,
			.copy = decided->message == NULL ? NULL : decided->copy};

		if (g_strcmp0(decided->message, writer->mail->message) == 0 &&
		    !outbox_add_recipient(writer, &to, fault))
			return false;
	}
	return true;
}

/* `message`: in the log; or NULL. */
static bool
put_mail(const struct known *known, const struct delivery_context *delivery,
	 const struct seal_key *courier, const char *message, struct connection *connection,
	 struct fault *fault)
{
	static const char *const no_tags[] = {NULL};
	struct outbox_mail mail = {.kind = "copy",
				   .message = message,
				   .sender = delivery->message->sender,
				   .ret = delivery->message->ret,
				   .envid = delivery->message->envid,
				   .smtputf8 = delivery->message->smtputf8,
				   .verified = true,
				   .lifetime = delivery->settings->queue_lifetime};
	struct outbox_writer writer;
	struct variant variant;
	bool done;

	identifier_make(&mail.id);
	variant_init(&variant, delivery, NULL, no_tags);
	done = outbox_begin(&writer, connection, courier, &mail, fault) &&
	       add_recipients(&writer, known, fault) &&
	       variant_write(&variant, delivery, NULL, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	variant_clear(&variant);
	return done;
}

static bool
is_first_of_its_message(const struct known *known, guint i)
{
	for (guint j = 0; j < i; j++)
		if (g_strcmp0(message_of(known, j), message_of(known, i)) == 0)
			return false;
	return true;
}

/* A file of the MTA's queue may hold recipients who were decided on with different messages. */
bool
known_send_again(const struct known *known, const struct message *message,
		 const struct settings *settings, const struct seal_key *courier,
		 struct database *database, struct fault *fault)
{
	const struct delivery_context delivery = {.settings = settings, .message = message};
	g_autoptr(connection_auto) connection = database_take(database, fault);

	if (connection == NULL || !batch_begin(connection, fault))
		return false;
	for (guint i = 0; i < known->verified->len; i++)
		if (is_first_of_its_message(known, i) &&
		    !put_mail(known, &delivery, courier, message_of(known, i), connection, fault))
			return false;
	return batch_commit(connection, fault);
}
