#include "portal/sending.h"

#include <string.h>

#include "delivery/outbox/outbox.h"
#include "mail/letter.h"

static bool
record(const struct sending *sending, struct fault *fault)
{
	struct connection *connection = sending->request->connection;
	g_autofree char *id = composition_message_id(&sending->composition);
	const struct audit_message message = {
		.id = sending->message,
		.identity = sending->identity,
		.offer = 1,
		.message_id = id,
		.sender = sending->request->session.account.address,
		.authenticated = sending->request->session.account.address,
		.client = "portal",
		.size = sending->size,
		.policy = policy_digest(sending->request->portal->policy)};

	if (!audit_add_message(connection, &message, fault))
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

		if (!audit_add_copy(connection, &message, &copy, fault))
			return false;
	}
	return true;
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
	const struct portal *portal = sending->request->portal;
	const struct account *account = &sending->request->session.account;
	g_autofree char *from = letter_from(portal->settings);
	g_autofree char *name = name_with_address(account);
	const struct composition_author author = {
		.name = name, .address = from, .reply_to = account->shown};
	struct outbox_mail mail = {.kind = "reply",
				   .message = sending->message.text,
				   .sender = "",
				   .smtputf8 = !g_str_is_ascii(account->shown),
				   .lifetime = portal->settings->queue_lifetime};
	struct outbox_writer writer;
	bool done;

	identifier_make(&mail.id);
	done = outbox_begin(&writer, sending->request->connection, ring_sealing(portal->courier),
			    &mail, fault);
	for (guint i = 0; done && i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct outbox_recipient recipient = {.address = addressee->address,
							   .copy = addressee->copy.text};

		done = !addressee->is_company || outbox_add_recipient(&writer, &recipient, fault);
	}
	done = done &&
	       composition_write(&sending->composition, &author, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	return done;
}

/* For the author's own folder and for recipients who are members: sealed once. */
static bool
park(const struct sending *sending, struct fault *fault)
{
	const struct portal *portal = sending->request->portal;
	const struct session *session = &sending->request->session;
	const struct composition *composition = &sending->composition;
	const struct composition_author author = {.name = session->account.name,
						  .address = session->account.shown};
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	const struct parcel_settings settings = {
		.message = sending->addressees == NULL ? NULL : sending->message.text,
		.sender = session->account.shown,
		.size = sending->size,
		.smtputf8 = !g_str_is_ascii(session->account.shown),
		.subject = composition->subject,
		.from = session->account.name != NULL ? session->account.name
						      : session->account.shown,
		.to = composition->to,
		.files = files,
		.language = session->account.language};
	struct parcel_writer parcel;
	bool done;

	for (guint i = 0; i < composition->enclosures->len; i++)
		g_ptr_array_add(
			files,
			(gpointer)g_array_index(composition->enclosures, struct enclosure, i).name);
	done = parcel_begin(&parcel, sending->request->connection, &settings, fault) &&
	       mailbox_put(&parcel, session, &sending->own, fault);

	for (guint i = 0; done && sending->addressees != NULL && i < sending->addressees->len;
	     i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct parcel_recipient recipient = {
			.copy = addressee->copy.text, .lifetime = portal->settings->pickup_expire};

		done = addressee->is_company ||
		       parcel_add_key(&parcel, &recipient, ring_sealing(portal->courier), fault);
	}
	done = done && composition_write(composition, &author, &parcel.sealing.sink, fault) &&
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
	const struct account *account = &sending->request->session.account;
	const struct composition_author author = {.name = account->name, .address = account->shown};
	struct counting_sink counter;

	counting_sink_init(&counter);
	if (!composition_write(&sending->composition, &author, &counter.sink, fault))
		return false;
	sending->size = counter.bytes;
	return true;
}

static bool
commit(struct sending *sending, struct fault *fault)
{
	struct connection *connection = sending->request->connection;
	bool is_sent = sending->addressees != NULL;

	return batch_begin(connection, fault) && (!is_sent || record(sending, fault)) &&
	       mailbox_replace_draft(connection, &sending->request->session, sending->draft,
				     sending->version, fault) &&
	       (!is_sent || !any_company(sending->addressees) || queue(sending, fault)) &&
	       park(sending, fault) &&
	       mailbox_need_room(connection, &sending->request->session,
				 sending->request->portal->settings, fault) &&
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
	*again_r = !done && sending->addressees != NULL &&
		   audit_is_known(sending->request->connection);
	sending->is_full = !done && mailbox_is_full(sending->request->connection);
	sending->is_changed =
		!done && !*again_r && mailbox_is_changed(sending->request->connection);
	return done || *again_r;
}
