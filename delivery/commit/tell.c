#include "delivery/commit/commit.h"

#include "core/catalogue.h"
#include "delivery/approval/approval_mail.h"
#include "delivery/outbox/failure.h"

/* The receipt that a rule asks for, for any of them. */
const char *
commit_receipt(const GPtrArray *copies)
{
	const char *receipt = NULL;

	for (guint i = 0; i < copies->len && receipt == NULL; i++)
		receipt = ((const struct copy *)g_ptr_array_index(copies, i))->decision.receipt;
	return receipt;
}

struct notice
commit_notice(const struct commit *commit)
{
	const struct message *message = commit->delivery->message;

	return (struct notice){.settings = commit->delivery->settings,
			       .courier = commit->delivery->courier,
			       .connection = commit->connection,
			       .message = commit->message->id.text,
			       .sender = message->sender,
			       .smtputf8 = message->smtputf8};
}

bool
commit_tell_sender(const struct commit *commit, struct fault *fault)
{
	const struct message *message = commit->delivery->message;
	const GPtrArray *copies = commit->dispatch->plan.copies;
	const char *language =
		notice_language(commit->delivery->settings, message->sender, NULL, NULL);
	const struct notice notice = commit_notice(commit);
	g_autoptr(GString) text = g_string_new(
		translate(language, "Your message has been accepted. It will be sent as follows:"));
	struct notice_receipt receipt = {.subject =
						 translate(language, "How your message was sent"),
					 .references = commit->message->message_id,
					 .language = language};

	if (commit_receipt(copies) == NULL || *message->sender == '\0')
		return true;
	g_string_append_c(text, '\n');
	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.refuse == NULL) /* commit_tell_refused() */
			g_string_append_printf(text, "\n    %s: %s", copy->recipient->address,
					       translate(language, copy->method->told));
	}
	receipt.text = text->str;
	return notice_receipt(&notice, &receipt, fault);
}

/* --- recipients that a rule refuses --- */

static struct failure
failure_of(const struct commit *commit, const char *text)
{
	const struct message *message = commit->delivery->message;
	const struct settings *settings = commit->delivery->settings;

	return (struct failure){.settings = settings,
				.courier = commit->delivery->courier,
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
	char *reason = commit_reason(dispatch, copy);
	char *reply = g_strconcat("550 5.7.1 ", reason, NULL);

	g_ptr_array_add(texts, reason);
	g_ptr_array_add(texts, reply);
	*refused_r = (struct failure_recipient){copy->recipient->address, copy->recipient->orcpt,
						reply, reason};
}

/* All of them, if nobody gets the message. */
static bool
tell_failure(const struct commit *commit, const char *text, struct fault *fault)
{
	const struct plan *plan = &commit->dispatch->plan;
	const struct failure failure = failure_of(commit, text);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct failure_recipient *refused =
		g_new0(struct failure_recipient, plan->copies->len);
	size_t count = 0;

	for (guint i = 0; i < plan->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(plan->copies, i);

		if ((plan->refused != NULL || copy->decision.refuse != NULL) &&
		    !copy->already_committed && failure_is_wanted(copy->recipient->notify))
			add_refused(copy, commit->dispatch, texts, &refused[count++]);
	}
	return failure_put(&failure, refused, count, fault);
}

bool
commit_tell_refused(const struct commit *commit, struct fault *fault)
{
	return tell_failure(commit,
			    N_("Your message was not sent to the recipients below, as your "
			       "organisation's rules do not allow it. The reason is shown "
			       "below each address. Nobody else is affected."),
			    fault);
}

/* --- what was approved --- */

bool
commit_tell_not_sent(const struct commit *commit, struct fault *fault)
{
	return tell_failure(
		commit,
		N_("Your message was approved, but the other rules of your organisation do not "
		   "allow it to be sent to the recipients below. The reason is shown below each "
		   "address."),
		fault);
}

bool
commit_tell_released(const struct commit *commit, struct fault *fault)
{
	const GPtrArray *copies = commit->dispatch->plan.copies;
	const struct notice notice = commit_notice(commit);
	g_autoptr(GPtrArray) recipients = g_ptr_array_new(), methods_told = g_ptr_array_new();
	const struct approval_mail mail = {.notice = &notice,
					   .recipients = recipients,
					   .references = commit->message->message_id};

	for (guint i = 0; i < copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(copies, i);

		if (copy->decision.refuse != NULL) /* commit_tell_refused() */
			continue;
		g_ptr_array_add(recipients, copy->recipient->address);
		g_ptr_array_add(methods_told, (gpointer)copy->method->told);
	}
	return recipients->len == 0 ||
	       approval_tell_released(&mail, commit->approval->by, methods_told, fault);
}
