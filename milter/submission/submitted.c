#include "milter/submission/submitted.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "mail/addresses.h"
#include "mail/letter.h"
#include "mail/names.h"
#include "portal/sending.h"

void
submitted_clear(struct submitted *submitted)
{
	g_clear_pointer(&submitted->subject, g_free);
	g_clear_pointer(&submitted->files, g_ptr_array_unref);
}

/* --- may it be sent? --- */

static bool
check_author(const struct submitted *submitted, struct fault *fault)
{
	const struct message *message = submitted->message;
	const struct account *account = submitted->author->account;
	g_autofree char *from = addresses_from(message);
	g_autofree char *sender = message_field_text(message, "Sender");
	g_autoptr(GPtrArray) senders = addressees_in(sender == NULL ? "" : sender);

	if (from == NULL || strcmp(from, account->address) != 0)
		return fault_set(fault, FAULT_REFUSED,
				 "The message must be from %s alone (From), who has signed in.",
				 account->shown);
	for (guint i = 0; i < senders->len; i++)
		if (strcmp(((const struct addressee *)g_ptr_array_index(senders, i))->folded,
			   account->address) != 0)
			return fault_set(fault, FAULT_REFUSED,
					 "The message names a sender (Sender) other than %s, who "
					 "has signed in.",
					 account->shown);
	return true;
}

static bool
check_addressees(const struct submitted *submitted, struct fault *fault)
{
	const struct addressee_question question = {.correspondents = submitted->correspondents,
						    .subject = submitted->subject};
	g_autofree char *why = NULL;

	return addressees_check(submitted->author, &question, submitted->addressees, &why, fault) &&
	       (why == NULL || fault_set(fault, FAULT_REFUSED, "%s", why));
}

bool
submitted_check(struct submitted *submitted, struct fault *fault)
{
	g_autofree char *raw = message_field_shown(submitted->message, "Subject");

	if (!check_author(submitted, fault))
		return false;
	submitted->subject = g_utf8_make_valid(raw, -1);
	submitted->files =
		names_of_message(submitted->message, submitted->author->settings->limit_parts);
	return check_addressees(submitted, fault);
}

/* --- the header --- */

/* What is written for all who get the message. */
struct content {
	const struct submitted *submitted;
	const char *message_id;
	GPtrArray *to, *cc; /* struct addressee */
};

/* Those named in the field who get the message. Caller unrefs. */
static GPtrArray *
named_in(const struct submitted *submitted, const char *name)
{
	GPtrArray *named = addressees_new();
	g_autofree char *text = message_field_text(submitted->message, name);
	g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	g_autoptr(GPtrArray) all = addressees_in(valid);

	for (guint i = 0; i < all->len; i++) {
		const struct addressee *one = g_ptr_array_index(all, i);

		if (addressees_find(submitted->addressees, one->folded) != NULL)
			addressees_add(named, one->name, one->address);
	}
	return named;
}

/* A line for each: RFC 5322 §2.1.1 has a limit. Caller frees. */
static char *
listed(const GPtrArray *addressees)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < addressees->len; i++) {
		const struct addressee *one = g_ptr_array_index(addressees, i);
		g_autofree char *mailbox = letter_mailbox(one->name, one->address);

		g_string_append_printf(text, "%s%s", i == 0 ? "" : ",\r\n\t", mailbox);
	}
	return g_string_free(text, FALSE);
}

/* The first field of this name, as it is. */
static bool
write_field(const struct message *message, const char *name, struct sink *sink, struct fault *fault)
{
	const struct field *field = message_field(message, name);

	return field == NULL || field_write(field, sink, fault);
}

static bool
write_date(const struct message *message, struct sink *sink, struct fault *fault)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_mime_utils_header_format_date(now);

	return message_field(message, "Date") != NULL
		       ? write_field(message, "Date", sink, fault)
		       : sink_print(sink, fault, "Date: %s\r\n", date);
}

static bool
write_people(const struct content *content, const struct composition_author *author,
	     struct sink *sink, struct fault *fault)
{
	g_autofree char *from = letter_mailbox(author->name, author->address);
	g_autofree char *reply_to =
		author->reply_to == NULL ? NULL : letter_mailbox(NULL, author->reply_to);
	const bool is_anyone_named = content->to->len + content->cc->len > 0;
	g_autofree char *to =
		is_anyone_named ? listed(content->to) : g_strdup("undisclosed-recipients:;");
	g_autofree char *cc = listed(content->cc);

	return sink_print(sink, fault, "From: %s\r\n", from) &&
	       (reply_to == NULL || sink_print(sink, fault, "Reply-To: %s\r\n", reply_to)) &&
	       (*to == '\0' || sink_print(sink, fault, "To: %s\r\n", to)) &&
	       (*cc == '\0' || sink_print(sink, fault, "Cc: %s\r\n", cc));
}

static bool
write_message(const void *data, const struct composition_author *author, struct sink *sink,
	      struct fault *fault)
{
	const struct content *content = data;
	const struct message *message = content->submitted->message;
	g_autoptr(GString) entity = message_entity_header(message);

	return write_people(content, author, sink, fault) &&
	       write_field(message, "Subject", sink, fault) && write_date(message, sink, fault) &&
	       sink_print(sink, fault, "Message-ID: %s\r\n", content->message_id) &&
	       write_field(message, "In-Reply-To", sink, fault) &&
	       write_field(message, "References", sink, fault) &&
	       sink_print(sink, fault, "MIME-Version: 1.0\r\n") &&
	       sink_write(sink, entity->str, entity->len, fault) &&
	       spool_copy(message->body, 0, sink, fault);
}

/* --- sending it --- */

static gint
compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The same when the mail program did not hear our answer and sends once more: mail programs give
 * each message an identifier and a date. What has only one of them, or none, may be another message
 * that says the same. Of several copies of a message, each of which goes to others, every one is
 * sent. */
static void
identify(const struct submitted *submitted, unsigned char identity_r[AUDIT_IDENTITY_BYTES])
{
	unsigned char of_message[AUDIT_IDENTITY_BYTES];
	g_autoptr(GPtrArray) addresses = g_ptr_array_new();
	crypto_generichash_state state;

	message_identity(submitted->message, of_message);
	for (guint i = 0; i < submitted->addressees->len; i++)
		g_ptr_array_add(
			addresses,
			((struct addressee *)g_ptr_array_index(submitted->addressees, i))->folded);
	g_ptr_array_sort(addresses, compare);
	crypto_generichash_init(&state, NULL, 0, AUDIT_IDENTITY_BYTES);
	crypto_generichash_update(&state, of_message, sizeof of_message);
	if (!message_has_written(submitted->message, "Message-ID") ||
	    !message_has_written(submitted->message, "Date"))
		crypto_generichash_update(&state,
					  (const unsigned char *)submitted->message->queue_id,
					  strlen(submitted->message->queue_id) + 1);
	for (guint i = 0; i < addresses->len; i++) {
		const char *address = g_ptr_array_index(addresses, i);

		crypto_generichash_update(&state, (const unsigned char *)address,
					  strlen(address) + 1);
	}
	crypto_generichash_final(&state, identity_r, AUDIT_IDENTITY_BYTES);
}

static bool
commit(struct submitted *submitted, struct content *content, bool *again_r, struct fault *fault)
{
	const struct message *message = submitted->message;
	const struct settings *settings = submitted->author->settings;
	g_autofree char *to = addressees_shown(content->to);
	struct sending sending = {
		.author = submitted->author,
		.content = {.message_id = content->message_id,
			    .to = to,
			    .subject = submitted->subject,
			    .files = submitted->files,
			    .smtputf8 = message->smtputf8,
			    .write = write_message,
			    .data = content},
		.addressees = submitted->addressees,
		.own = {.folder = FOLDER_SENT, .lifetime = settings->pickup_expire}};

	identifier_make(&sending.message);
	identifier_make(&sending.own.id);
	identify(submitted, sending.identity);
	submitted->id = sending.message;
	if (sending_commit(&sending, again_r, fault))
		return true;
	if (sending.is_full)
		fault_set(fault, FAULT_TOO_BIG,
			  "There is no room left in your mailbox. Please delete drafts or sent "
			  "messages in the portal, then try again.");
	if (sending.is_too_often)
		fault_set(fault, FAULT_TOO_OFTEN, "%s",
			  translate(submitted->author->language, sending_too_often));
	return false;
}

bool
submitted_send(struct submitted *submitted, bool *again_r, struct fault *fault)
{
	struct composition composition = {.domain = submitted->author->settings->domains[0]};
	g_autofree char *message_id = NULL;
	g_autoptr(GPtrArray) to = named_in(submitted, "To"), cc = named_in(submitted, "Cc");
	struct content content = {.submitted = submitted, .to = to, .cc = cc};

	*again_r = false;
	identifier_make(&composition.id);
	content.message_id = message_id = composition_message_id(&composition);
	return commit(submitted, &content, again_r, fault);
}
