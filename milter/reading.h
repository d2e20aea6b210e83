/*
 * How the MTA reads an address: the macros {mail_addr} and {rcpt_addr}. Where libmilter lacks the
 * memory for new macros, it keeps those of the command before, without a word. They must not be
 * taken for a statement about this address.
 */
#ifndef POSTSEAL_MILTER_READING_H
#define POSTSEAL_MILTER_READING_H

#include "mail/message.h"

/* The argument of the last command of a kind (MAIL or RCPT) in this connection, and its reading. */
struct reading {
	char *path, *said;
	const void *place; /* of the macro in libmilter's memory; only compared */
};

/* Remembers this argument. False with a temporary fault: the macro is that of the command before.
 */
bool reading_is_new(struct reading *last, const struct envelope_argument *argument,
		    struct fault *fault);
/* Also for recipients, at MAIL, where libmilter drops their macros. */
void reading_clear(struct reading *last);

#endif
