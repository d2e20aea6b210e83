/*
 * A short mail that Postseal itself writes, as text and as HTML (RFC 5322, RFC 2046), marked as
 * written by a program so that no vacation notice answers it (RFC 3834).
 *
 * Its text consists of paragraphs separated by empty lines. A paragraph that is only a web address
 * becomes a button; one that begins with four blanks is kept as it is, line by line. All other
 * paragraphs are wrapped here.
 */
#ifndef POSTSEAL_MAIL_LETTER_H
#define POSTSEAL_MAIL_LETTER_H

#include "core/settings.h"
#include "core/sink.h"

struct letter {
	const char *id;		 /* for Message-ID: the part before "@" */
	const char *from;	 /* address */
	const char *from_name;	 /* UTF-8, or NULL */
	const char *to;		 /* address */
	const char *reply_to;	 /* address, or NULL */
	const char *subject;	 /* UTF-8 */
	const char *references;	 /* Message-ID with its brackets, or NULL */
	const char *text;	 /* UTF-8; see above */
	const char *language;	 /* "en" */
	const char *button;	 /* the button's label, or NULL: the web address */
	const char *next_button; /* the same for each further web address */
	/* If there is a report, the mail becomes multipart/report (RFC 6522); otherwise NULL. */
	const char *report_type; /* "delivery-status" (RFC 3464), "disposition-notification" (RFC
				    8098) */
	const char *report;	 /* lines end with LF */
};

/* An answer to a mail from the portal is recognised by this string in the mail's Message-ID,
 * ID.portal@example.com. */
#define LETTER_CONVERSATION ".portal@"

/* Call once, before threads write letters: libxml2 initialises its tables without a lock. */
void letter_start(void);

/* A mailbox for a header field (RFC 5322 §3.4), encoded if needed, so that exactly this name is
 * shown; `name` may be NULL. Caller frees. */
char *letter_mailbox(const char *name, const char *address);
/* A subject for a header field, in the same way. Caller frees. */
char *letter_subject(const char *subject);
/* The sender address of mails from Postseal; caller frees. */
char *letter_from(const struct settings *settings);
/* Writes Content-Type and Content-Transfer-Encoding for a text, the empty line, and the text. Its
 * lines may end with LF or CRLF. */
bool letter_write_text(const char *text, struct sink *sink, struct fault *fault);
bool letter_write(const struct letter *letter, const struct settings *settings, struct sink *sink,
		  struct fault *fault);

#endif
