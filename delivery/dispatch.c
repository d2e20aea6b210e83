#include "delivery/dispatch.h"

#include <string.h>

#include "core/catalogue.h"
#include "core/crash.h"
#include "core/metrics.h"
#include "delivery/approval/approval_mail.h"
#include "delivery/inbound/answered.h"
#include "delivery/inbound/harvest.h"
#include "delivery/offer.h"
#include "delivery/outbox/decided.h"
#include "delivery/outbox/failure.h"
#include "delivery/outbox/notice.h"
#include "delivery/outbox/outbox.h"
#include "delivery/outbox/receipt.h"
#include "delivery/parcel/parcel.h"
#include "delivery/pass.h"
#include "mail/addresses.h"
#include "mail/names.h"
#include "mail/subject_tags.h"

enum { DAY_SECONDS = 86400 };
enum { OFFERS_MAX = 3 }; /* of the same content at the same time */

/* What a commit needs. */
struct commit {
	struct dispatch *dispatch;
	const struct surroundings *around;
	struct audit_message *message;
	struct connection *connection;
	const struct approval *approval; /* that is carried out; or NULL */
};

/* --- the variant in place --- */

static bool
make_in_place(struct dispatch *dispatch, const struct surroundings *around, struct fault *fault)
{
	const struct group *group = NULL;
	gint64 begun;

	variant_clear(&dispatch->variant);
	g_clear_pointer(&dispatch->body, spool_free);
	for (guint i = 0; i < dispatch->plan.groups->len && group == NULL; i++) {
		const struct group *each = g_ptr_array_index(dispatch->plan.groups, i);

		if (each->in_place)
			group = each;
	}
	dispatch->in_place = group;
	if (group == NULL)
		return true;
	variant_init(&dispatch->variant, around, group, dispatch->plan.tags);
	if (!group_has_new_content(group))
		return true;
	begun = metrics_begin();
	dispatch->body = spool_new(around->variants);
	if (!variant_write_body(around, group, spool_sink(dispatch->body), fault))
		return false;
	metrics_end(begun, METRIC_PHASE, "phase=\"seal\"");
	return true;
}

/* --- the record --- */

static char *
fingerprint_array(const struct copy *copy)
{
	GString *text = g_string_new("{");

	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? "," : "",
			((const struct key *)g_ptr_array_index(copy->keys, i))->fingerprint);
	return g_string_free(g_string_append_c(text, '}'), FALSE);
}

static bool
is_in_place(const struct dispatch *dispatch, const struct copy *copy)
{
	return dispatch->in_place != NULL &&
	       g_ptr_array_find(dispatch->in_place->copies, copy, NULL);
}

static enum copy_state
state_of(const struct dispatch *dispatch, const struct copy *copy)
{
	if (dispatch->plan.refused != NULL || copy->decision.refuse != NULL)
		return COPY_REFUSED;
	if (is_in_place(dispatch, copy))
		return COPY_HANDED;
	switch (copy->method->carriage) {
	case CARRIED_IN_PARCEL:
		return COPY_PARKED;
	case CARRIED_ONCE_APPROVED:
		return COPY_HELD;
	case CARRIED_AS_MAIL:
		break;
	}
	return COPY_QUEUED;
}

/* If a message is refused, nobody gets anything: the other copies say whose copy was the reason. */
static char *
reason_of(const struct dispatch *dispatch, const struct copy *copy)
{
	const struct copy *refused = dispatch->plan.refused;

	if (refused == NULL || refused == copy || copy->decision.refuse != NULL)
		return g_strdup(copy->reason);
	return g_strdup_printf("refused together with the copy for %s",
			       refused->recipient->address);
}

static bool
record_copy(const struct commit *commit, const struct copy *copy, struct fault *fault)
{
	g_autoptr(json_t) trace = copy_trace(copy);
	g_autofree char *trace_text = json_dumps(trace, JSON_COMPACT);
	g_autofree char *keys = fingerprint_array(copy);
	g_autofree char *reason = reason_of(commit->dispatch, copy);
	const struct method *method = copy->method;
	const struct key *signer = copy_signer(commit->around, copy);
	const struct audit_copy record = {
		.id = copy->id,
		.recipient = copy->recipient->address,
		.address = copy->recipient->folded,
		.rule_line = copy->decision.line,
		.rule = copy->decision.rule,
		.rule_name = copy->decision.name,
		.rule_file = copy->decision.file,
		.method = method == NULL ? NULL : method->name,
		.reason = reason,
		.trace = trace_text,
		.keys = keys,
		.signed_by = signer == NULL ? NULL : signer->fingerprint,
		.state = state_of(commit->dispatch, copy),
	};

	if (copy->trust.conflict != NULL &&
	    !trust_note_conflict(commit->connection, copy->recipient->folded, copy->trust.conflict,
				 commit->message->id.text, fault))
		return false;
	return audit_add_copy(commit->connection, commit->message, &record, fault);
}

/* What was handed to the MTA at an earlier offer is decided again: both decisions stay on record.
 */
static bool
replace_earlier(const struct commit *commit, const struct copy *copy, struct fault *fault)
{
	return *copy->earlier.text == '\0' ||
	       audit_repeat_copy(commit->connection, copy->earlier.text, fault);
}

static bool
record_message(const struct commit *commit, struct fault *fault)
{
	const struct surroundings *around = commit->around;
	g_autofree char *sealed_id =
		inbound_was_sealed(around->inbound) ? answered_identifier(around->message) : NULL;
	struct audit_message message = *commit->message;

	message.sealed_id = sealed_id;
	return audit_add_message(commit->connection, &message, fault);
}

static bool
record_copies(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *copies = commit->dispatch->plan.copies;

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (!copy->already_committed &&
		    (!replace_earlier(commit, copy, fault) || !record_copy(commit, copy, fault)))
			return false;
	}
	return true;
}

static bool
record(const struct commit *commit, bool again, struct fault *fault)
{
	return (again ? audit_offered_again(commit->connection, commit->message, fault)
		      : record_message(commit, fault)) &&
	       record_copies(commit, fault);
}

/* --- further variants --- */

/* What the copies rest on is looked at again before they leave (delivery/sql/128_outbox_trust.sql).
 */
static bool
queue_trust(const struct commit *commit, struct outbox_writer *writer, const struct copy *copy,
	    struct fault *fault)
{
	for (guint i = 0; copy->trust.asked != TRUST_NONE && i < copy->keys->len; i++) {
		const struct key *key = g_ptr_array_index(copy->keys, i);
		const struct outbox_trust trust = {
			.key = key,
			.address = copy->recipient->folded,
			.sender = commit->around->message->sender_folded,
			.asked = trust_level_name(copy->trust.asked),
			.colleagues = commit->around->settings->trust_colleagues};

		if (!outbox_add_trust(writer, &trust, fault))
			return false;
	}
	return true;
}

static bool
queue_recipients(const struct commit *commit, struct outbox_writer *writer,
		 const struct group *group, struct fault *fault)
{
	for (guint i = 0; i < group->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(group->copies, i);
		const struct outbox_recipient recipient = {copy->recipient->address,
							   copy->recipient->notify,
							   copy->recipient->orcpt, copy->id.text};

		if (!outbox_add_recipient(writer, &recipient, fault) ||
		    !queue_trust(commit, writer, copy, fault))
			return false;
	}
	return true;
}

static bool
queue_variant(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct message *message = commit->around->message;
	struct outbox_mail mail = {.kind = "copy",
				   .message = commit->message->id.text,
				   .sender = message->sender,
				   .ret = message->ret,
				   .envid = message->envid,
				   .smtputf8 = message->smtputf8,
				   .verified = group->method->verified_tls,
				   .client = commit->around->outside_client,
				   .lifetime = commit->around->settings->queue_lifetime};
	struct outbox_writer writer;
	struct variant variant;
	bool done;

	identifier_make(&mail.id);
	variant_init(&variant, commit->around, group, commit->dispatch->plan.tags);
	done = outbox_begin(&writer, commit->connection, commit->around->courier, &mail, fault) &&
	       queue_recipients(commit, &writer, group, fault) &&
	       variant_write(&variant, commit->around, group, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	variant_clear(&variant);
	return done;
}

/* --- parcels --- */

static uint64_t
lifetime(const struct commit *commit, const struct copy *copy)
{
	return copy->decision.expire_seconds != 0 ? copy->decision.expire_seconds
						  : commit->around->settings->pickup_expire;
}

/* Success is reported for the copy, once it is parked; for the notice, only failures and delays
 * are, if the sender wants to hear of them. */
static const char *
notify_of_notice(const struct recipient *recipient)
{
	bool failure, delay;

	if (recipient->notify == NULL)
		return NULL;
	failure = strcasestr(recipient->notify, "FAILURE") != NULL;
	delay = strcasestr(recipient->notify, "DELAY") != NULL;
	return failure ? (delay ? "FAILURE,DELAY" : "FAILURE") : delay ? "DELAY" : "NEVER";
}

/* RFC 3461 §5.2.2: nothing beyond the portal sends delivery status notifications. */
static bool
tell_relayed(const struct commit *commit, const struct recipient *recipient, struct fault *fault)
{
	const struct message *message = commit->around->message;
	const struct receipt receipt = {.message = commit->message->id.text,
					.sender = message->sender,
					.recipient = recipient->address,
					.what = "relayed",
					.form = "dsn",
					.envid = message->envid,
					.orcpt = recipient->orcpt};

	if (recipient->notify == NULL || strcasestr(recipient->notify, "SUCCESS") == NULL ||
	    *message->sender == '\0')
		return true;
	return receipt_note(commit->connection, commit->around->settings, &receipt, fault);
}

/* A key for every recipient; the courier makes link and code (delivery/courier/links_and_codes.h).
 */
static bool
add_keys(const struct commit *commit, struct parcel_writer *parcel, const struct group *group,
	 struct fault *fault)
{
	for (guint i = 0; i < group->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(group->copies, i);
		const struct parcel_recipient recipient = {
			.copy = copy->id.text,
			.notify = notify_of_notice(copy->recipient),
			.orcpt = copy->recipient->orcpt,
			.lifetime = lifetime(commit, copy)};

		if (!parcel_add_key(parcel, &recipient, commit->around->courier, fault) ||
		    !tell_relayed(commit, copy->recipient, fault))
			return false;
	}
	return true;
}

/* The receipt that a rule asks for, for any of them. */
static const char *
receipt_of(const GPtrArray *copies)
{
	const char *receipt = NULL;

	for (guint i = 0; i < copies->len && receipt == NULL; i++)
		receipt = ((const struct copy *)g_ptr_array_index(copies, i))->decision.receipt;
	return receipt;
}

/* It matters where the code does not go to the sender. */
static bool
is_by_sender(const struct surroundings *around)
{
	return *around->settings->sms == '\0' ||
	       policy_signs_for(around->policy, around->message->authenticated,
				around->message->sender_folded);
}

static bool
park(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct message *message = commit->around->message;
	g_autofree char *subject = subject_tags_shown(message, commit->dispatch->plan.tags);
	g_autofree char *from = addresses_author(message);
	g_autofree char *to = message_field_shown(message, "To");
	g_autofree char *language = message_field_shown(message, "Content-Language");
	g_autoptr(GPtrArray) files =
		names_of_message(message, commit->around->settings->limit_parts);
	const struct parcel_settings settings = {.message = commit->message->id.text,
						 .sender = message->sender,
						 .size = message_size(message),
						 .smtputf8 = message->smtputf8,
						 .subject = subject,
						 .from = from,
						 .to = to,
						 .files = files,
						 .language = catalogue_language(language),
						 .receipt = receipt_of(group->copies),
						 .phone = commit->dispatch->plan.phone,
						 .is_by_sender = is_by_sender(commit->around),
						 .courier = commit->around->courier};
	struct parcel_writer parcel;
	struct variant variant;
	bool done;

	variant_init(&variant, commit->around, group, commit->dispatch->plan.tags);
	done = parcel_begin(&parcel, commit->connection, &settings, fault) &&
	       add_keys(commit, &parcel, group, fault) &&
	       variant_write(&variant, commit->around, group, &parcel.sealing.sink, fault) &&
	       parcel_end(&parcel, fault);
	parcel_clear(&parcel);
	variant_clear(&variant);
	return done;
}

/* --- what waits for approval --- */

static struct notice
notice_of(const struct commit *commit)
{
	const struct message *message = commit->around->message;

	return (struct notice){.settings = commit->around->settings,
			       .courier = commit->around->courier,
			       .connection = commit->connection,
			       .message = commit->message->id.text,
			       .sender = message->sender,
			       .smtputf8 = message->smtputf8};
}

static bool
ask_approver(struct approval_writer *writer, const struct approval_mail *mail, const char *approver,
	     const char *subject, struct fault *fault)
{
	struct notice notice = *mail->notice;
	struct approval_mail asking = *mail;
	char *url = NULL;
	bool asked;

	notice.smtputf8 = notice.smtputf8 || !g_str_is_ascii(approver);
	asking.notice = &notice;
	asked = approval_add_link(writer, notice.settings, approver, false, &url, fault) &&
		approval_ask(&asking, approver, url, subject, fault);
	sodium_memzero(url, strlen(url));
	g_free(url);
	return asked;
}

static bool
tell_held(struct approval_writer *writer, const struct approval_mail *mail,
	  const char *sender_folded, struct fault *fault)
{
	char *url = NULL;
	bool told;

	if (*sender_folded == '\0')
		return true;
	told = approval_add_link(writer, mail->notice->settings, sender_folded, true, &url,
				 fault) &&
	       approval_tell_held(mail, url, fault);
	sodium_memzero(url, strlen(url));
	g_free(url);
	return told;
}

/* The sender, and all who may approve it, except the sender. */
static bool
ask_and_tell(const struct commit *commit, const struct group *group, struct approval_writer *writer,
	     uint64_t lifetime_seconds, struct fault *fault)
{
	const struct message *message = commit->around->message;
	const struct notice notice = notice_of(commit);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();
	g_autofree char *subject =
		group->hold->show_subject ? subject_tags_shown(message, commit->dispatch->plan.tags)
					  : NULL;
	const struct approval_mail mail = {.notice = &notice,
					   .recipients = recipients,
					   .reason = group->hold->reason,
					   .until = (gint64)time(NULL) + (gint64)lifetime_seconds,
					   .references = commit->message->message_id};

	for (guint i = 0; i < group->copies->len; i++)
		g_ptr_array_add(recipients,
				((const struct copy *)g_ptr_array_index(group->copies, i))
					->recipient->address);
	for (const char *const *approver = group->hold->approvers; *approver != NULL; approver++)
		if (plan_may_approve(commit->around, *approver) &&
		    !ask_approver(writer, &mail, *approver, subject, fault))
			return false;
	return tell_held(writer, &mail, message->sender_folded, fault);
}

static bool
add_held(struct approval_writer *writer, const struct group *group, struct fault *fault)
{
	for (guint i = 0; i < group->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(group->copies, i);

		if (!approval_add_recipient(writer, copy->recipient, copy->id.text, fault))
			return false;
	}
	return true;
}

/* The message is kept as it was offered: the rules are asked about it again. */
static bool
hold(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct surroundings *around = commit->around;
	const uint64_t seconds = group->hold->expire_seconds != 0
					 ? group->hold->expire_seconds
					 : around->settings->approval_expire;
	const struct approval_settings settings = {.message = around->message,
						   .record = commit->message->id.text,
						   .outside_client = around->outside_client,
						   .approved = around->approved,
						   .rule = group->rule,
						   .hold = group->hold,
						   .lifetime = seconds,
						   .key = around->login};
	struct approval_writer writer;
	bool done = approval_begin(&writer, commit->connection, &settings, fault) &&
		    add_held(&writer, group, fault) &&
		    ask_and_tell(commit, group, &writer, seconds, fault) &&
		    approval_write(&writer, around->message, fault);

	approval_clear(&writer);
	return done;
}

/* --- word to the sender, where a rule wants it --- */

static bool
tell_sender(const struct commit *commit, struct fault *fault)
{
	const struct message *message = commit->around->message;
	const GPtrArray *copies = commit->dispatch->plan.copies;
	const char *language =
		notice_language(commit->around->settings, message->sender, NULL, NULL);
	const struct notice notice = notice_of(commit);
	g_autoptr(GString) text = g_string_new(
		translate(language, "Your message has been accepted. It will be sent as follows:"));
	struct notice_receipt receipt = {.subject =
						 translate(language, "How your message was sent"),
					 .references = commit->message->message_id,
					 .language = language};

	if (receipt_of(copies) == NULL || *message->sender == '\0')
		return true;
	g_string_append_c(text, '\n');
	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.refuse == NULL) /* tell_refused() */
			g_string_append_printf(text, "\n    %s: %s", copy->recipient->address,
					       translate(language, copy->method->told));
	}
	receipt.text = text->str;
	return notice_receipt(&notice, &receipt, fault);
}

/* --- recipients that a rule refuses, while others get the message --- */

static struct failure
failure_of(const struct commit *commit, const char *text)
{
	const struct message *message = commit->around->message;
	const struct settings *settings = commit->around->settings;

	return (struct failure){.settings = settings,
				.courier = commit->around->courier,
				.connection = commit->connection,
				.message = commit->message->id.text,
				.sender = message->sender,
				.envid = message->envid,
				.smtputf8 = message->smtputf8,
				.text = translate(settings->language, text)};
}

/* `texts` owns what is written for it. */
static void
add_refused(const struct copy *copy, const struct dispatch *dispatch, GPtrArray *texts,
	    struct failure_recipient *refused_r)
{
	char *reason = reason_of(dispatch, copy);
	char *reply = g_strconcat("550 5.7.1 ", reason, NULL);

	g_ptr_array_add(texts, reason);
	g_ptr_array_add(texts, reply);
	*refused_r = (struct failure_recipient){copy->recipient->address, copy->recipient->orcpt,
						reply, reason};
}

static bool
tell_refused(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *copies = commit->dispatch->plan.copies;
	const struct failure failure =
		failure_of(commit, N_("Your message was not sent to the recipients below, as your "
				      "organisation's rules do not allow it. The reason is shown "
				      "below each address. Nobody else is affected."));
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct failure_recipient *refused =
		g_new0(struct failure_recipient, copies->len);
	size_t count = 0;

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.refuse != NULL && !copy->already_committed &&
		    failure_is_wanted(copy->recipient->notify))
			add_refused(copy, commit->dispatch, texts, &refused[count++]);
	}
	return failure_put(&failure, refused, count, fault);
}

/* --- what the MTA may offer again in a second pass --- */

static bool
imprint_in_place(const struct commit *commit, unsigned char imprint_r[IMPRINT_BYTES],
		 struct fault *fault)
{
	const struct message *message = commit->around->message;
	const struct dispatch *dispatch = commit->dispatch;
	struct imprint_sink imprint;
	bool done;

	imprint_sink_init(&imprint, message->sender, NULL);
	done = variant_write_header(&dispatch->variant, message, &imprint.sink, fault) &&
	       spool_copy(dispatch->body == NULL ? message->body : dispatch->body, 0, &imprint.sink,
			  fault);
	if (done)
		imprint_sink_end(&imprint, imprint_r);
	imprint_sink_clear(&imprint);
	return done;
}

static bool
note_decided(const struct commit *commit, struct fault *fault)
{
	const struct dispatch *dispatch = commit->dispatch;
	const struct surroundings *around = commit->around;
	const uint64_t lifetime = around->settings->queue_lifetime + DAY_SECONDS;
	unsigned char imprint[IMPRINT_BYTES];

	if (!pass_note(commit->connection, around, dispatch->plan.copies, lifetime, fault))
		return false;
	if (!around->second_pass || dispatch->in_place == NULL)
		return true;
	if (!imprint_in_place(commit, imprint, fault))
		return false;
	for (guint i = 0; i < dispatch->in_place->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(dispatch->in_place->copies, i);
		const struct decided decided = {.address = copy->recipient->folded,
						.kind = (char *)"copy"};

		if (!decided_note(commit->connection, imprint, &decided, lifetime, fault))
			return false;
	}
	return true;
}

/* --- one commit --- */

static bool
put_groups(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *groups = commit->dispatch->plan.groups;

	for (guint i = 0; i < groups->len; i++) {
		const struct group *group = g_ptr_array_index(groups, i);
		bool done = true;

		if (group->method->carriage == CARRIED_IN_PARCEL)
			done = park(commit, group, fault);
		else if (group->method->carriage == CARRIED_ONCE_APPROVED)
			done = hold(commit, group, fault);
		else if (!group->in_place)
			done = queue_variant(commit, group, fault);
		if (!done)
			return false;
	}
	return true;
}

/* *known_r: the message is on record from an earlier offer, so nothing was committed. */
static bool
commit_all(struct dispatch *dispatch, const struct surroundings *around,
	   struct audit_message *message, bool again, bool *known_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take_grouped(around->database);
	const struct commit commit = {dispatch, around, message, connection, NULL};
	gint64 begun = metrics_begin();

	*known_r = false;
	crash_point("milter-before-commit");
	if (batch_begin(connection, fault) && record(&commit, again, fault) &&
	    (dispatch->plan.refused != NULL ||
	     (put_groups(&commit, fault) && tell_refused(&commit, fault) &&
	      note_decided(&commit, fault) &&
	      harvest(connection, around->inbound, message->id.text, fault) &&
	      (again || tell_sender(&commit, fault)))) &&
	    batch_commit(connection, fault)) {
		crash_point("milter-after-commit");
		metrics_end(begun, METRIC_PHASE, "phase=\"commit\"");
		return true;
	}
	*known_r = !again && audit_is_known(connection);
	return false;
}

/* --- offered again --- */

/* Copies that are in the database, or were in the outbox, stay as they are; what was left with the
 * MTA in place is made again. A copy that never reached its recipient becomes a new one: an MTA
 * that holds mail does not log that it has it, so this may be the sender sending the message again.
 */
static void
recognise(struct plan *plan, const GPtrArray *earlier)
{
	for (guint i = 0; i < earlier->len; i++) {
		const struct audit_earlier *before = g_ptr_array_index(earlier, i);
		struct copy *copy = plan_copy(plan, before->address);

		if (copy == NULL || before->is_over)
			continue;
		copy->already_committed = !before->is_in_place;
		if (copy->already_committed)
			copy->id = before->id;
		else
			copy->earlier = before->id;
	}
}

static bool
dispatch_again(struct dispatch *dispatch, const struct surroundings *around,
	       struct audit_message *message, struct fault *fault)
{
	g_autoptr(GPtrArray) earlier = NULL;
	bool known;

	{
		g_autoptr(connection_auto) connection = database_take(around->database, fault);

		if (connection == NULL || !audit_find_earlier(connection, message, &earlier, fault))
			return false;
	}
	if (earlier == NULL)
		return fault_set(fault, FAULT_BUSY,
				 "the record of an earlier offer is gone already");
	recognise(&dispatch->plan, earlier);
	plan_group(&dispatch->plan);
	return make_in_place(dispatch, around, fault) &&
	       commit_all(dispatch, around, message, true, &known, fault);
}

/* Nobody would hear that this offer was accepted: the client makes another one, which may have been
 * accepted meanwhile. */
static bool
is_awaited(const struct surroundings *around, struct fault *fault)
{
	return around->is_awaited(around->mta) ||
	       fault_set(fault, FAULT_PEER, "recording the message: the MTA has given up waiting");
}

/* Someone may send the same thing again, which is a new message; the MTA may offer a message again,
 * which is not. */
static bool
commit_offer(struct dispatch *dispatch, const struct surroundings *around,
	     struct audit_message *message, struct fault *fault)
{
	bool known, again;

	for (int i = 0; i < OFFERS_MAX; i++) {
		if (!pass_is_taken(around, dispatch->plan.copies, message->identity,
				   &dispatch->is_taken, fault))
			return false;
		if (dispatch->is_taken)
			return true;
		if (!is_awaited(around, fault))
			return false;
		if (commit_all(dispatch, around, message, false, &known, fault))
			return true;
		if (!known || !offer_is_again(around->database, message->identity, &again, fault) ||
		    !is_awaited(around, fault))
			return false;
		if (again)
			return dispatch_again(dispatch, around, message, fault);
	}
	return fault_set(fault, FAULT_BUSY,
			 "recording the message: the same one arrives again and again");
}

bool
dispatch_message(struct dispatch *dispatch, const struct surroundings *around,
		 struct audit_message *message, struct fault *fault)
{
	bool known;

	gint64 begun = metrics_begin();

	*dispatch = (struct dispatch){0};
	if (!plan_init(&dispatch->plan, around, fault))
		return false;
	metrics_end(begun, METRIC_PHASE, "phase=\"decide\"");
	if (dispatch->plan.refused != NULL) {
		message->identity = NULL; /* it may be offered again and decided differently */
		return commit_all(dispatch, around, message, false, &known, fault);
	}
	plan_group(&dispatch->plan);
	return make_in_place(dispatch, around, fault) &&
	       commit_offer(dispatch, around, message, fault);
}

/* --- what was approved --- */

/* Nobody gets it, though it was approved: the other rules do not allow it. */
static bool
tell_not_sent(const struct commit *commit, struct fault *fault)
{
	const struct dispatch *dispatch = commit->dispatch;
	const struct failure failure = failure_of(
		commit,
		N_("Your message was approved, but the other rules of your organisation do not "
		   "allow it to be sent to the recipients below. The reason is shown below each "
		   "address."));
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct failure_recipient *refused =
		g_new0(struct failure_recipient, dispatch->plan.copies->len);
	size_t count = 0;

	for (guint i = 0; i < dispatch->plan.copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(dispatch->plan.copies, i);

		if (failure_is_wanted(copy->recipient->notify))
			add_refused(copy, dispatch, texts, &refused[count++]);
	}
	return count == 0 || failure_put(&failure, refused, count, fault);
}

static bool
tell_released(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *copies = commit->dispatch->plan.copies;
	const struct notice notice = notice_of(commit);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new(), methods_told = g_ptr_array_new();
	const struct approval_mail mail = {.notice = &notice,
					   .recipients = recipients,
					   .references = commit->message->message_id};

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.refuse != NULL) /* tell_refused() */
			continue;
		g_ptr_array_add(recipients, copy->recipient->address);
		g_ptr_array_add(methods_told, (gpointer)copy->method->told);
	}
	return recipients->len == 0 ||
	       approval_tell_released(&mail, commit->approval->by, methods_told, fault);
}

static bool
commit_approved(const struct commit *commit, struct fault *fault)
{
	const bool is_refused = commit->dispatch->plan.refused != NULL;

	crash_point("milter-before-release");
	if (!batch_begin(commit->connection, fault) ||
	    !approval_done(commit->connection, commit->approval->id.text, fault) ||
	    !record_copies(commit, fault) ||
	    !(is_refused ? tell_not_sent(commit, fault)
			 : put_groups(commit, fault) && tell_refused(commit, fault) &&
				   tell_released(commit, fault)) ||
	    !batch_commit(commit->connection, fault))
		return false;
	crash_point("milter-after-release");
	return true;
}

bool
dispatch_approved(struct dispatch *dispatch, const struct surroundings *around,
		  struct audit_message *message, const struct approval *approval,
		  struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	*dispatch = (struct dispatch){0};
	if (!plan_init(&dispatch->plan, around, fault))
		return false;
	if (dispatch->plan.refused == NULL)
		plan_group(&dispatch->plan);
	connection = database_take_grouped(around->database);
	return commit_approved(
		&(const struct commit){dispatch, around, message, connection, approval}, fault);
}

void
dispatch_clear(struct dispatch *dispatch)
{
	plan_clear(&dispatch->plan);
	variant_clear(&dispatch->variant);
	g_clear_pointer(&dispatch->body, spool_free);
}
