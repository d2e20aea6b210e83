#include "delivery/commit/commit.h"

#include <string.h>

#include "core/catalogue.h"
#include "delivery/outbox/receipt.h"
#include "delivery/parcel/parcel.h"
#include "mail/addresses.h"
#include "mail/names.h"
#include "mail/subject_tags.h"

static uint64_t
lifetime(const struct commit *commit, const struct copy *copy)
{
	return copy->decision.expire_seconds != 0 ? copy->decision.expire_seconds
						  : commit->delivery->settings->pickup_expire;
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
	const struct message *message = commit->delivery->message;
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
	return receipt_note(commit->connection, commit->delivery->settings, &receipt, fault);
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

		if (!parcel_add_key(parcel, &recipient, commit->delivery->courier, fault) ||
		    !tell_relayed(commit, copy->recipient, fault))
			return false;
	}
	return true;
}

/* It matters where the code does not go to the sender. */
static bool
is_by_sender(const struct delivery_context *delivery)
{
	return *delivery->settings->sms == '\0' ||
	       policy_signs_for(delivery->policy, delivery->message->authenticated,
				delivery->message->sender_folded);
}

/* Whoever approved it has not seen them. */
static bool
takes_files(const struct delivery_context *delivery)
{
	return delivery->settings->pickup_files && delivery->approved == NULL;
}

/* Somebody who sends for others has another address in From: their names do not belong together. */
static bool
is_author(const struct message *message)
{
	g_autofree char *from = addresses_from(message);

	return from != NULL && strcmp(from, message->sender_folded) == 0;
}

bool
commit_park(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct message *message = commit->delivery->message;
	g_autofree char *subject = subject_tags_shown(message, commit->dispatch->plan.tags);
	g_autofree char *from = addresses_author(message);
	g_autofree char *to = message_field_shown(message, "To");
	g_autofree char *language = message_field_shown(message, "Content-Language");
	g_autoptr(GPtrArray) files =
		names_of_message(message, commit->delivery->settings->limit_parts);
	const struct parcel_settings settings = {.message = commit->message->id.text,
						 .sender = message->sender,
						 .size = message_size(message),
						 .smtputf8 = message->smtputf8,
						 .subject = subject,
						 .from = from,
						 .name = is_author(message) ? from : NULL,
						 .to = to,
						 .files = files,
						 .language = catalogue_language(language),
						 .receipt = commit_receipt(group->copies),
						 .phone = commit->dispatch->plan.phone,
						 .is_by_sender = is_by_sender(commit->delivery),
						 .takes_files = takes_files(commit->delivery),
						 .courier = commit->delivery->courier};
	struct parcel_writer parcel;
	struct variant variant;
	bool done;

	variant_init(&variant, commit->delivery, group, commit->dispatch->plan.tags);
	done = parcel_begin(&parcel, commit->connection, &settings, fault) &&
	       add_keys(commit, &parcel, group, fault) &&
	       variant_write(&variant, commit->delivery, group, &parcel.sealing.sink, fault) &&
	       parcel_end(&parcel, fault);
	parcel_clear(&parcel);
	variant_clear(&variant);
	return done;
}
