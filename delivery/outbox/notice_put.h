/*
 * What the mails of notice.h are made of: paragraphs, and rows of the outbox in the open batch.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_NOTICE_PUT_H
#define POSTSEAL_DELIVERY_OUTBOX_NOTICE_PUT_H

#include "delivery/outbox/notice.h"
#include "mail/letter.h"

/* An empty line comes before each paragraph but the first. */
void notice_add(GString *text, const char *paragraph);
void notice_add_printed(GString *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Frees a text that holds a code or the secret of a link. */
void notice_wipe(GString *text);

bool notice_put(const struct notice *notice, const struct outbox_mail *mail,
		const struct outbox_recipient *recipient, const struct letter *letter,
		struct fault *fault);
/* A mail that is not bounced: to the sender of a message, or to a member. Fills in the letter's id,
 * sender and recipient. */
bool notice_tell(const struct notice *notice, const char *kind, const char *address,
		 struct letter *letter, struct fault *fault);

#endif
