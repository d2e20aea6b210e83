#include "delivery/commit/commit.h"

#include <string.h>

#include "delivery/approval/approval_mail.h"
#include "mail/subject_tags.h"

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
	const struct message *message = commit->delivery->message;
	const struct notice notice = commit_notice(commit);
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
		if (plan_may_approve(commit->delivery, *approver) &&
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
bool
commit_hold(const struct commit *commit, const struct group *group, struct fault *fault)
{
	const struct delivery_context *delivery = commit->delivery;
	const uint64_t seconds = group->hold->expire_seconds != 0
					 ? group->hold->expire_seconds
					 : delivery->settings->approval_expire;
	const struct approval_settings settings = {.message = delivery->message,
						   .record = commit->message->id.text,
						   .outside_client = delivery->outside_client,
						   .approved = delivery->approved,
						   .rule = group->rule,
						   .hold = group->hold,
						   .lifetime = seconds,
						   .key = delivery->login};
	struct approval_writer writer;
	bool done = approval_begin(&writer, commit->connection, &settings, fault) &&
		    add_held(&writer, group, fault) &&
		    ask_and_tell(commit, group, &writer, seconds, fault) &&
		    approval_write(&writer, delivery->message, fault);

	approval_clear(&writer);
	return done;
}
