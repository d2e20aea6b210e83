/*
 * What a line of the MTA's log says of a mail, by its queue ID. Lines of no interest say nothing.
 * The grammars of Postfix and Sendmail are files of their own (mta_postfix.c, mta_sendmail.c).
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
	MTA_DISCARDED, /* as the milter asked */
	MTA_IDENT,     /* it came in by re-injection as the row `text` of the outbox */
	MTA_SENT,      /* the next hop, or a mailbox, has it: `to`, `original`, `relay`, `text` */
	MTA_DEFERRED,  /* the same fields */
	MTA_RETURNED,  /* the same; `to` is empty where all who still wait are meant */
	MTA_REMOVED,   /* it is out of the queue */
	MTA_BROKEN_OFF, /* a process was handed only a part of a mail. Of Postfix, no queue ID. */
	MTA_TLS		/* a process has a connection to `relay`; `text` says how good. */
};

/* An entry of the log, apart from its time and machine. */
struct mta_entry {
	const char *process; /* "postfix/smtp[123]", for TLS */
	const char *text;    /* what it says */
};

/* All is owned; "" where the line has none. */
struct mta_line {
	enum mta_said said;
	char *queue_id, *original, *relay, *text;
	GPtrArray *to; /* char * */
	unsigned recipients;
};

/* False when the line says nothing; then there is nothing to clear. */
bool mta_line_parse(struct mta_line *line_r, const struct mta_entry *entry, enum mta mta);
void mta_line_clear(struct mta_line *line);
/* An address of a line as the log of messages compares it; "" for "". Caller frees. */
char *mta_line_fold(const char *address);
/* Takes a line of a file apart, "TIME HOST postfix/smtp[123]: text", with the time as syslog has it
 * (RFC 3164) or as RFC 3339 does; changes it. False where it is no such line. */
bool mta_entry_of(struct mta_entry *entry_r, char *line);

/* --- for the grammars --- */

/* Fills `line`, which has its queue ID and else nothing. `said`: what follows that. */
bool mta_postfix_parse(struct mta_line *line, const struct mta_entry *entry, const char *said);
bool mta_sendmail_parse(struct mta_line *line, const struct mta_entry *entry, const char *said);
/* What stands between `before` and the next `end`; "" where it does not. Caller frees. */
char *mta_line_piece(const char *text, const char *before, const char *end);
/* Takes `text`. */
void mta_line_set(char **place, char *text);
/* The address after "<", and what follows its ">"; NULL where there is no end. A quoted local part
 * may hold anything, also what looks like the rest of the line. Frees what *address_r had. */
const char *mta_line_address(const char *at, char **address_r);

#endif
