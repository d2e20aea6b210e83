#include "delivery/commit/commit.h"

#include "delivery/outbox/outbox.h"

/* What the copies rest on is looked at again before they leave (delivery/sql/363_outbox_keys.sql).
 * The keys of mail that was opened are only what opened it. */
static bool
queue_trust(const struct commit *commit, struct outbox_writer *writer, const struct copy *copy,
	    struct fault *fault)
{
	for (guint i = 0; copy->method->takes_keys && i < copy->keys->len; i++) {
		const struct key *key = g_ptr_array_index(copy->keys, i);
		const struct outbox_trust trust = {
			.key = key,
			/* A gateway's key was judged by what is stated about the gateway. */
			.address = key->gateway != NULL ? key->gateway : copy->recipient->folded,
			.sender = commit->delivery->message->sender_folded,
			.asked = trust_level_name(copy->trust.asked),
			.colleagues = commit->delivery->settings->trust_colleagues};

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
		const struct outbox_recipient recipient = {
			copy->recipient->address,
			copy->is_reported_by_us ? "NEVER" : copy->recipient->notify,
			copy->recipient->orcpt, copy->id.text};

		if (!outbox_add_recipient(writer, &recipient, fault) ||
		    !queue_trust(commit, writer, copy, fault))
			return false;
	}
	return true;
}

bool
commit_queue(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct message *message = commit->delivery->message;
	struct outbox_mail mail = {.kind = "copy",
				   .message = commit->message->id.text,
				   .sender = message->sender,
				   .ret = message->ret,
				   .envid = message->envid,
				   .smtputf8 = message->smtputf8,
				   .verified = group->method->verified_tls,
				   .client = commit->delivery->outside_client,
				   .lifetime = commit->delivery->settings->queue_lifetime};
	struct outbox_writer writer;
	struct variant variant;
	bool done;

	identifier_make(&mail.id);
	variant_init(&variant, commit->delivery, group, commit->dispatch->plan.tags);
	done = outbox_begin(&writer, commit->connection, commit->delivery->courier, &mail, fault) &&
	       queue_recipients(commit, &writer, group, fault) &&
	       variant_write(&variant, commit->delivery, group, &writer.imprint.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	variant_clear(&variant);
	return done;
}
