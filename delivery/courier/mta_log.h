/*
 * Finds out whether the MTA accepted a mail whose courier died before it received the reply. The
 * courier tells Postfix the row of each mail (XFORWARD IDENT), and Postfix logs it: that line gives
 * the queue ID, and the queue manager logs the queue ID of each mail that was accepted. If only the
 * first line is there, one thing alone proves that the mail was never accepted, namely that the
 * connection was lost during the content; otherwise the queue manager may be late, or the machine
 * may have died with the mail in the queue. A rule for our Received field
 * (contrib/sendmail/postseal.m4) makes Sendmail log the row; that it accepted the mail is known
 * when it logs what became of it.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_LOG_H
#define POSTSEAL_DELIVERY_COURIER_MTA_LOG_H

#include <glib.h>
#include <systemd/sd-journal.h>

#include "core/fault.h"
#include "core/identifier.h"
#include "core/settings.h"
#include "delivery/courier/mta_line.h"

enum mta_log_verdict {
	MTA_LOG_NEVER, /* Postfix never accepted the mail */
	MTA_LOG_OPEN, /* it began to receive the mail, and has not yet logged whether it accepted it
		       */
	MTA_LOG_TOOK
};

struct mta_log_answer {
	enum mta_log_verdict verdict;
	char *queue_id;	     /* NULL: it has not even begun */
	unsigned recipients; /* the number of recipients it accepted the mail for, with aliases
				expanded */
	GHashTable *reached; /* of these, the recipients whose fate is logged; under their current
				address */
	GHashTable *named;   /* the same, with their address before aliases were expanded; folded */
	bool is_over;	     /* nothing more will be logged */
};

/* Where the log is, and whose entries count. */
struct mta_log {
	enum mta mta; /* who writes it */
	/* A file, along with those that it was rotated to (mta_log_files.h); "journal", systemd's;
	 * or "journal:DIRECTORY". */
	const char *where;
	/* The system user of Postfix. In the journal, only what was written by it or by root
	 * counts, as seen by journald (_UID): anyone can choose the name and facility of an entry.
	 * A file does not say who wrote a line. */
	const char *user;
};
struct mta_log mta_log_of(const struct settings *settings); /* which must outlive the log */

/* "machine:where", its name in the database; caller frees. */
char *mta_log_source(const struct settings *settings);

/* False if the log cannot be read, or not all of what was logged since then. */
bool mta_log_find(const struct mta_log *log, const struct identifier *id,
		  struct mta_log_answer *answer_r, struct fault *fault);
/* Can the caller read it? */
bool mta_log_check(const struct mta_log *log, struct fault *fault);
/* Is it a file that anyone may write to? */
bool mta_log_is_for_all(const struct mta_log *log);
/* Is it the journal? *directory_r is NULL for the machine's journal. */
bool mta_log_is_journal(const char *where, const char **directory_r);
/* Contains only the entries of Postfix. NULL with `fault` on failure. */
sd_journal *mta_log_open_journal(const struct mta_log *log, const char *directory,
				 struct fault *fault);
/* When Postfix last wrote to the journal, in seconds; 0: it never did, or that cannot be seen. */
gint64 mta_log_journal_end(const struct mta_log *log, const char *directory);
/* A field of the current entry, "" if it does not have it; "postfix/smtp[123]", the program that
 * wrote it. Caller frees. */
char *mta_log_field(sd_journal *opened, const char *name);
char *mta_log_process(sd_journal *opened);
void mta_log_answer_clear(struct mta_log_answer *answer);

#endif
