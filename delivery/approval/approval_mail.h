/*
 * The mails about a message that waits for approval, as rows of the outbox in the open batch: to
 * those who may approve it, and to its sender, at once and at the end.
 */
#ifndef POSTSEAL_DELIVERY_APPROVAL_APPROVAL_MAIL_H
#define POSTSEAL_DELIVERY_APPROVAL_APPROVAL_MAIL_H

#include <glib.h>

#include "delivery/outbox/notice.h"

struct approval_mail {
	const struct notice *notice; /* its sender is that of the message */
	const GPtrArray *recipients; /* const char *: for whom the message waits */
	const char *reason;	     /* the sentence in the rule */
	gint64 until;		     /* seconds since 1970: when it is refused */
	const char *references;	     /* Message-ID of the message, or NULL */
};

/* `subject` of the message, UTF-8, or NULL: it is not shown. */
bool approval_ask(const struct approval_mail *mail, const char *approver, const char *url,
		  const char *subject, struct fault *fault);
/* Does nothing if the message has no sender, and so do the others. */
bool approval_tell_held(const struct approval_mail *mail, const char *url, struct fault *fault);
/* `by` NULL: its time was over. `because`: what they wrote, or NULL. */
bool approval_tell_refused(const struct approval_mail *mail, const char *by, const char *because,
			   struct fault *fault);
/* Somebody else than the sender has recalled it. */
bool approval_tell_recalled(const struct approval_mail *mail, const char *by, struct fault *fault);
/* `methods`: const char *, how each recipient gets it, to be translated. */
bool approval_tell_released(const struct approval_mail *mail, const char *by,
			    const GPtrArray *methods, struct fault *fault);

#endif
