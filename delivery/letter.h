/*
 * A short mail that Postseal itself writes: plain text (RFC 5322, RFC 2045), marked as written
 * by a program so that nobody's vacation notice answers it (RFC 3834).
 */
#ifndef POSTSEAL_DELIVERY_LETTER_H
#define POSTSEAL_DELIVERY_LETTER_H

#include "core/settings.h"
#include "core/sink.h"

struct letter {
	const char *id;         /* for Message-ID: a name, without the host */
	const char *from;       /* address */
	const char *from_name;  /* UTF-8, or NULL */
	const char *to;         /* address */
	const char *reply_to;   /* address, or NULL */
	const char *subject;    /* UTF-8 */
	const char *references; /* Message-ID with its brackets, or NULL */
	const char *text;       /* UTF-8, lines end with LF */
	/* With a report the mail becomes multipart/report (RFC 6522); else NULL. */
	const char *report;     /* message/delivery-status (RFC 3464), lines end with LF */
};

/* The address that mails from Postseal come from; the caller's. */
char *letter_from(const struct settings *settings);
bool letter_write(const struct letter *letter, const struct settings *settings, struct sink *sink,
		  struct fault *fault);

#endif
