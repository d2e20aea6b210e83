#include "portal/sending.h"

#include <string.h>

#include "delivery/outbox/outbox.h"
#include "mail/letter.h"

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

	if (!audit_add_message(author->connection, &message, fault))
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
		.name = name, .address = address, .reply_to = account->shown};
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

/* For the author's own folder and for recipients who are members: sealed once. */
static bool
park(const struct sending *sending, struct fault *fault)
{
	const struct author *author = sending->author;
	const struct account *account = author->account;
	const struct composition_author from = as_in_portal(account);
	const struct parcel_settings settings = {
		.message = sending->addressees == NULL ? NULL : sending->message.text,
		.sender = account->shown,
		.size = sending->size,
		.smtputf8 = needs_smtputf8(sending),
		.subject = sending->content.subject,
		.from = account->name != NULL ? account->name : account->shown,
		.to = sending->content.to,
		.files = sending->content.files,
		.language = account->language};
	struct parcel_writer parcel;
	bool done;

	done = parcel_begin(&parcel, author->connection, &settings, fault) &&
	       mailbox_put(&parcel, account, author->keys, &sending->own, fault);
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

static bool
any_company(const GPtrArray *addressees)
{
	for (guint i = 0; i < addressees->len; i++)
		if (((const struct addressee *)g_ptr_array_index(addressees, i))->is_company)
			return true;
	return false;
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
	       (sending->draft == NULL ||
		mailbox_replace_draft(connection, author->account, sending->draft, sending->version,
				      fault)) &&
	       (!is_sent || !any_company(sending->addressees) || queue(sending, fault)) &&
	       park(sending, fault) &&
	       mailbox_need_room(connection, author->account, author->settings, fault) &&
	       batch_commit(connection, fault);
}

bool
sending_commit(struct sending *sending, bool *again_r, struct fault *fault)
{
	bool done;

	*again_r = false;
	if (!measure(sending, fault))
		return false;
	done = commit(sending, fault);
	*again_r =
		!done && sending->addressees != NULL && audit_is_known(sending->author->connection);
	sending->is_full = !done && mailbox_is_full(sending->author->connection);
	sending->is_changed = !done && !*again_r && mailbox_is_changed(sending->author->connection);
	return done || *again_r;
}
