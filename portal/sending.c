#include "portal/sending.h"

#include <string.h>

#include "core/catalogue.h"
#include "delivery/outbox/outbox.h"
#include "mail/letter.h"
#include "portal/web/throttle.h"

const char sending_too_often[] = N_(
	"You have written to many people in the past hour. Please wait an hour, then try again.");

static bool
record(const struct sending *sending, struct fault *fault)
{
	const struct author *author = sending->author;
	const struct audit_message message = {.id = sending->message,
					      .identity = sending->identity,
					      .offer = 1,
					      .message_id = sending->content.message_id,
					      .sender = author->account->address,
					      .authenticated = author->account->address,
					      .client = author->client,
					      .size = sending->size,
					      .policy = policy_digest(author->policy)};

	if (!audit_end_past_offer(author->connection, sending->identity, fault) ||
	    !audit_add_message(author->connection, &message, fault))
		return false;
	for (guint i = 0; i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct audit_copy copy = {
			.id = addressee->copy,
			.recipient = addressee->address,
			.address = addressee->folded,
			.rule_line = addressee->rule_line,
			.rule_name = addressee->rule_name,
			.rule = addressee->rule != NULL
					? addressee->rule
					: "an answer in a conversation of the portal",
			.method = addressee->is_company ? "plain" : "pickup",
			.reason = addressee->is_company ? "to the company itself"
							: "it waits in the portal",
			.trace = "{}",
			.keys = "{}",
			.state = addressee->is_company ? COPY_QUEUED : COPY_PARKED};

		if (!audit_add_copy(author->connection, &message, &copy, fault))
			return false;
	}
	return true;
}

/* What members read names its author, and so does the author's own copy. */
static struct composition_author
as_in_portal(const struct account *account)
{
	return (struct composition_author){.name = account->name, .address = account->shown};
}

static bool
write_content(const struct sending *sending, const struct composition_author *from,
	      struct sink *sink, struct fault *fault)
{
	return sending->content.write(sending->content.data, from, sink, fault);
}

static bool
needs_smtputf8(const struct sending *sending)
{
	return sending->content.smtputf8 || !g_str_is_ascii(sending->author->account->shown);
}

/* In mail from an address of the company, the author's own address is never left out. Caller frees.
 */
static char *
name_with_address(const struct account *account)
{
	return account->name == NULL ? g_strdup(account->shown)
				     : g_strdup_printf("%s (%s)", account->name, account->shown);
}

/* To the company: an ordinary mail in the thread, from an address of the company. */
static bool
queue(const struct sending *sending, struct fault *fault)
{
	const struct author *author = sending->author;
	const struct account *account = author->account;
	g_autofree char *address = letter_from(author->settings);
	g_autofree char *name = name_with_address(account);
	const struct composition_author from = {
		.name = name, .address = address, .reply_to = account->shown, .is_mail = true};
	struct outbox_mail mail = {.kind = "reply",
				   .message = sending->message.text,
				   .sender = "",
				   .smtputf8 = needs_smtputf8(sending),
				   .lifetime = author->settings->queue_lifetime};
	struct outbox_writer writer;
	bool done;

	identifier_make(&mail.id);
	done = outbox_begin(&writer, author->connection, ring_sealing(author->courier), &mail,
			    fault);
	for (guint i = 0; done && i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct outbox_recipient recipient = {.address = addressee->address,
							   .copy = addressee->copy.text};

		done = !addressee->is_company || outbox_add_recipient(&writer, &recipient, fault);
	}
	done = done && write_content(sending, &from, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	return done;
}

static bool
add_links(const struct sending *sending, struct fault *fault)
{
	const struct sending_files *files = &sending->files;
	const struct large_link_use use = {.message = sending->message.text,
					   .sender = sending->author->account->shown,
					   .lifetime = sending->author->settings->pickup_expire};

	for (guint i = 0; files->links != NULL && i < files->links->len; i++)
		if (!large_link_add(sending->author->connection, &files->place, &use,
				    g_ptr_array_index(files->links, i), fault))
			return false;
	return true;
}

/* Whoever opens the parcel opens the files beside it. */
static bool
attach(const struct sending *sending, const struct parcel_writer *parcel, struct fault *fault)
{
	const struct sending_files *files = &sending->files;
	struct connection *connection = sending->author->connection;
	struct seal_key public_key;

	if (files->beside == NULL || files->beside->len == 0)
		return true;
	parcel_public_key(&public_key, &parcel->content);
	for (guint i = 0; i < files->beside->len; i++)
		if (!large_file_attach(connection, &files->place,
				       g_ptr_array_index(files->beside, i), parcel->id.text,
				       &public_key, fault))
			return false;
	return add_links(sending, fault) && large_file_leave(connection, &files->place, fault);
}

static bool
end_files(const struct sending *sending, struct fault *fault)
{
	const struct sending_files *files = &sending->files;

	for (guint i = 0; files->ended != NULL && i < files->ended->len; i++)
		if (!large_file_take_out(sending->author->connection, &files->place,
					 g_ptr_array_index(files->ended, i), fault))
			return false;
	return true;
}

/* Names that the message can be found by. Caller unrefs; the names are borrowed. */
static GPtrArray *
names_beside(const struct sending *sending)
{
	const GPtrArray *files = sending->files.beside;
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; files != NULL && i < files->len; i++)
		g_ptr_array_add(names, ((struct large_file *)g_ptr_array_index(files, i))->name);
	return names;
}

/* For the author's own folder and for recipients who are members: sealed once. */
static bool
park(const struct sending *sending, struct fault *fault)
{
	const struct author *author = sending->author;
	const struct account *account = author->account;
	const struct composition_author from = as_in_portal(account);
	g_autoptr(GPtrArray) beside = names_beside(sending);
	const struct parcel_settings settings = {
		.message = sending->addressees == NULL ? NULL : sending->message.text,
		.sender = account->shown,
		.size = sending->size,
		.smtputf8 = needs_smtputf8(sending),
		.subject = sending->content.subject,
		.from = account->name != NULL ? account->name : account->shown,
		.to = sending->content.to,
		.files = sending->content.files,
		.beside = beside,
		.language = account->language};
	struct parcel_writer parcel;
	bool done;

	done = parcel_begin(&parcel, author->connection, &settings, fault) &&
	       mailbox_put(&parcel, account, author->keys, &sending->own, fault) &&
	       attach(sending, &parcel, fault);
	for (guint i = 0; done && sending->addressees != NULL && i < sending->addressees->len;
	     i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct parcel_recipient recipient = {
			.copy = addressee->copy.text, .lifetime = author->settings->pickup_expire};

		done = addressee->is_company ||
		       parcel_add_key(&parcel, &recipient, ring_sealing(author->courier), fault);
	}
	done = done && write_content(sending, &from, &parcel.sealing.sink, fault) &&
	       parcel_end(&parcel, fault);
	parcel_clear(&parcel);
	return done;
}

static unsigned
count_company(const GPtrArray *addressees)
{
	unsigned count = 0;

	for (guint i = 0; i < addressees->len; i++)
		count += ((const struct addressee *)g_ptr_array_index(addressees, i))->is_company;
	return count;
}

bool
sending_is_to_company(const struct sending *sending)
{
	return count_company(sending->addressees) > 0;
}

/* Anybody with a mailbox can become a member: nobody may use the portal to write to the whole
 * world, or to everybody in the company. */
static bool
count_recipients(const struct sending *sending, struct fault *fault)
{
	struct connection *connection = sending->author->connection;
	const char *account = sending->author->account->id.text;
	const unsigned company = count_company(sending->addressees),
		       outside = sending->addressees->len - company;

	return (company == 0 || throttle_take_many(connection, &throttle_company_recipients,
						   account, company, fault)) &&
	       (outside == 0 || throttle_take_many(connection, &throttle_outside_recipients,
						   account, outside, fault));
}

static bool
measure(struct sending *sending, struct fault *fault)
{
	const struct composition_author from = as_in_portal(sending->author->account);
	struct counting_sink counter;

	counting_sink_init(&counter);
	if (!write_content(sending, &from, &counter.sink, fault))
		return false;
	sending->size = counter.bytes;
	return true;
}

static bool
commit(struct sending *sending, struct fault *fault)
{
	const struct author *author = sending->author;
	struct connection *connection = author->connection;
	bool is_sent = sending->addressees != NULL;

	return batch_begin(connection, fault) && (!is_sent || record(sending, fault)) &&
	       (!is_sent || count_recipients(sending, fault)) &&
	       (sending->draft == NULL ||
		mailbox_replace_draft(connection, author->account, sending->draft, sending->version,
				      fault)) &&
	       (!is_sent || count_company(sending->addressees) == 0 || queue(sending, fault)) &&
	       park(sending, fault) && end_files(sending, fault) &&
	       mailbox_need_room(connection, author->account, author->settings, fault) &&
	       batch_commit(connection, fault);
}

/* The connection whose batch failed is of no use any more. */
static bool
note_repetition(const struct sending *sending, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(sending->author->database, fault);

	return connection != NULL && batch_begin(connection, fault) &&
	       audit_repeated(connection, sending->identity, fault) &&
	       batch_commit(connection, fault);
}

bool
sending_commit(struct sending *sending, bool *again_r, struct fault *fault)
{
	const struct connection *connection = sending->author->connection;

	*again_r = false;
	if (!measure(sending, fault))
		return false;
	if (commit(sending, fault))
		return true;
	*again_r = sending->addressees != NULL && audit_is_known(connection);
	sending->is_full = mailbox_is_full(connection);
	sending->is_too_often = throttle_is_over(connection);
	sending->is_changed = !*again_r && mailbox_is_changed(connection);
	return *again_r && note_repetition(sending, fault);
}
