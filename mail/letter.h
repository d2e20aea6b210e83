/*
 * A short mail that Postseal itself writes, as text and as HTML (RFC 5322, RFC 2046), marked as
 * written by a program so that nobody's vacation notice answers it (RFC 3834).
 *
 * Its text is paragraphs with an empty line between them. One that is nothing but an address of
 * the web becomes a button; one that begins with four blanks stays as it is, line by line. All
 * others are broken into lines here.
 */
#ifndef POSTSEAL_MAIL_LETTER_H
#define POSTSEAL_MAIL_LETTER_H

#include "core/settings.h"
#include "core/sink.h"

struct letter {
	const char *id;		/* for Message-ID: a name, without the host */
	const char *from;	/* address */
	const char *from_name;	/* UTF-8, or NULL */
	const char *to;		/* address */
	const char *reply_to;	/* address, or NULL */
	const char *subject;	/* UTF-8 */
	const char *references; /* Message-ID with its brackets, or NULL */
	const char *text;	/* UTF-8; see above */
	const char *language;	/* "en" */
	const char *button;	/* what the button says, or NULL: the address */
	/* With a report the mail becomes multipart/report (RFC 6522); else NULL. */
	const char *report_type; /* "delivery-status" (RFC 3464), "disposition-notification" (RFC
				    8098) */
	const char *report;	 /* lines end with LF */
};

/* By this in its Message-ID, ID.portal@example.com, a mail from the portal is known when it is
 * answered. */
#define LETTER_CONVERSATION ".portal@"

/* Once, before threads write letters: libxml2 makes its tables without a lock. */
void letter_start(void);

/* A mailbox for a header field (RFC 5322 §3.4), encoded where needed; `name` may be NULL. Caller
 * frees. */
char *letter_mailbox(const char *name, const char *address);
/* The address that mails from Postseal come from; caller frees. */
char *letter_from(const struct settings *settings);
/* Content-Type and Content-Transfer-Encoding for a text, the empty line, and the text. Lines may
 * end with LF or CRLF. */
bool letter_write_text(const char *text, struct sink *sink, struct fault *fault);
bool letter_write(const struct letter *letter, const struct settings *settings, struct sink *sink,
		  struct fault *fault);

#endif
