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
sort(struct known *known, struct recipient *recipient, const GPtrArray *decisions,
     const struct settings *settings)
{
	GPtrArray *place = known->others;

	for (guint i = 0; i < decisions->len; i++) {
		const struct decided *decided = g_ptr_array_index(decisions, i);
		bool is_named = strcmp(decided->address, recipient->folded) == 0;

		if (is_named && decided->verified)
			place = known->verified;
		else if (place == known->others &&
			 (is_named || (is_letter(decided) &&
				       keystore_is_employee(settings->domains, recipient->folded))))
			place = known->passed;
	}
	g_ptr_array_add(place, recipient);
}

bool
known_find(struct known *known, const struct message *message, const struct settings *settings,
	   struct database *database, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(GPtrArray) decisions = NULL;
	unsigned char imprint[IMPRINT_BYTES];

	*known = (struct known){g_ptr_array_new(), g_ptr_array_new(), g_ptr_array_new(), false};
	if (!imprint_of(message, imprint, fault))
		return false;
	connection = database_take(database, fault);
	decisions = connection == NULL ? NULL : decided_find(connection, imprint, fault);
	if (decisions == NULL)
		return false;
	for (guint i = 0; i < decisions->len; i++)
		known->is_secret |= is_secret(g_ptr_array_index(decisions, i));
	for (guint i = 0; i < message->recipients->len; i++)
		sort(known, g_ptr_array_index(message->recipients, i), decisions, settings);
	return true;
}

void
known_clear(struct known *known)
{
	g_clear_pointer(&known->passed, g_ptr_array_unref);
	g_clear_pointer(&known->verified, g_ptr_array_unref);
	g_clear_pointer(&known->others, g_ptr_array_unref);
}

static bool
add_recipients(struct outbox_writer *writer, const GPtrArray *recipients, struct fault *fault)
{
	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = g_ptr_array_index(recipients, i);
		const struct outbox_recipient to = {recipient->address, recipient->notify,
						    recipient->orcpt, NULL};

		if (!outbox_add_recipient(writer, &to, fault))
			return false;
	}
	return true;
}

bool
known_send_again(const struct known *known, const struct message *message,
		 const struct settings *settings, const struct seal_key *courier,
		 struct database *database, struct fault *fault)
{
	static const char *const no_tags[] = {NULL};
	const struct surroundings around = {.settings = settings, .message = message};
	struct outbox_mail mail = {.kind = "copy",
				   .sender = message->sender,
				   .ret = message->ret,
				   .envid = message->envid,
				   .smtputf8 = message->smtputf8,
				   .verified = true,
				   .lifetime = settings->queue_lifetime};
	g_autoptr(connection_auto) connection = database_take(database, fault);
	struct outbox_writer writer;
	struct variant variant;
	bool done;

	if (connection == NULL || !batch_begin(connection, fault))
		return false;
	identifier_make(&mail.id);
	variant_init(&variant, &around, NULL, no_tags);
	done = outbox_begin(&writer, connection, courier, &mail, fault) &&
	       add_recipients(&writer, known->verified, fault) &&
	       variant_write(&variant, &around, NULL, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault) && batch_commit(connection, fault);
	outbox_clear(&writer);
	variant_clear(&variant);
	return done;
}
