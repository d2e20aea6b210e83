/*
 * What a line in the MTA's log says about a mail, by its queue ID. Lines of no interest are
 * skipped. The grammars of Postfix and Sendmail are in files of their own (mta_postfix.c,
 * mta_sendmail.c).
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_LINE_H
#define POSTSEAL_DELIVERY_COURIER_MTA_LINE_H

#include <glib.h>
#include <stdbool.h>

#include "core/settings.h"

enum mta_said {
	MTA_NOTHING,
	MTA_READ,      /* all of it was read, for `recipients`: it may or may not be in the queue */
	MTA_TOOK,      /* it is in the queue, for `recipients` */
	MTA_DISCARDED, /* at the milter's request */
	MTA_BEGAN,     /* Postfix: a process begins to receive it */
	MTA_SESSION,   /* Postfix: a process has ended a session. `recipients`: how many mails it
			* accepted in it; 0 if it refused any after its content, or they are not
			* counted. No queue ID. */
	MTA_IDENT,     /* it came in once more: it was re-injected as the row `text` of the
			* outbox, or Postfix, which had it as the queue ID `text`, handed it to itself
			*/
	MTA_REQUEUED,  /* Postfix: an administrator requeued it; before, its queue ID was `text` */
	MTA_SENT,      /* the next hop, or a mailbox, has it: `to`, `original`, `relay`, `text` */
	MTA_DEFERRED,  /* the same fields */
	MTA_RETURNED,  /* the same; `to` is empty if all who are still waiting are meant */
	MTA_REMOVED,   /* it was removed from the queue */
	MTA_BROKEN_OFF, /* a process was handed only part of a mail. Postfix: no queue ID. */
	MTA_TLS		/* a process has a connection to `relay`; `text` says how secure it is. */
};

/* An entry in the log, without its time and machine. */
struct mta_entry {
	const char *process; /* "postfix/smtp[123]", to match TLS lines */
	const char *text;    /* what it says */
};

/* All strings are owned; "" if the line has none. */
struct mta_line {
	enum mta_said said;
	char *queue_id, *original, *relay, *text;
	GPtrArray *to; /* char * */
	unsigned recipients;
};

/* False if the line says nothing of interest; then there is nothing to clear. */
bool mta_line_parse(struct mta_line *line_r, const struct mta_entry *entry, enum mta mta);
void mta_line_clear(struct mta_line *line);
/* Converts an address from a line to the form in which the log of messages has it; "" for "".
 * Caller frees. */
char *mta_line_fold(const char *address);
/* Splits a line from a file, "TIME HOST postfix/smtp[123]: text", with the time in syslog format
 * (RFC 3164) or RFC 3339 format; modifies the line. False if it is not such a line. */
bool mta_entry_of(struct mta_entry *entry_r, char *line);

/* --- for the grammars --- */

/* Fills `line`, in which only the queue ID is set. `said`: what follows the queue ID. */
bool mta_postfix_parse(struct mta_line *line, const struct mta_entry *entry, const char *said);
bool mta_sendmail_parse(struct mta_line *line, const struct mta_entry *entry, const char *said);
/* The text between `before` and the next `end`; "" if there is none. Caller frees. */
char *mta_line_piece(const char *text, const char *before, const char *end);
/* Takes ownership of `text`. */
void mta_line_set(char **place, char *text);
/* The address after "<"; returns what follows its ">", or NULL if there is none. A quoted local
 * part may contain anything, even what looks like the rest of the line. Frees what *address_r had
 * before. */
const char *mta_line_address(const char *at, char **address_r);

#endif
