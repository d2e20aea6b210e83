/*
 * Whether the MTA took a mail whose courier did not live to hear the answer. The courier tells
 * Postfix the row of each mail (XFORWARD IDENT), and Postfix logs it: that line names the queue
 * ID, and the queue manager logs the queue ID of what was taken. Between the two, only that the
 * connection was lost within the content says that the mail was never taken: the queue manager may
 * be late, or the machine may have died with the mail in the queue. A rule for the Received field
 * of ours (contrib/sendmail/postseal.m4) has Sendmail log the row; that it took the mail is known
 * when it says what became of it.
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
	MTA_LOG_NEVER, /* Postfix never took the mail */
	MTA_LOG_OPEN,  /* it began with it, and has not yet said whether it has it */
	MTA_LOG_TOOK
};

struct mta_log_answer {
	enum mta_log_verdict verdict;
	char *queue_id;	     /* NULL: it has not even begun */
	unsigned recipients; /* for how many it took it, aliases expanded */
	GHashTable *reached; /* of these, those it has said something of; as it calls them now */
	GHashTable *named;   /* the same, and what they were before aliases were expanded; folded */
	bool is_over;	     /* it has said all that it will */
};

/* Where the log is, and whose word counts in it. */
struct mta_log {
	enum mta mta; /* who writes it */
	/* A file, with those that it was rotated to (mta_log_files.h); "journal", systemd's; or
	 * "journal:DIRECTORY". */
	const char *where;
	/* The system user of Postfix. In the journal only what was written by it or by root counts,
	 * as journald saw it (_UID): the name and facility of an entry anybody can choose. A file
	 * says nothing of who wrote a line. */
	const char *user;
};
struct mta_log mta_log_of(const struct settings *settings); /* which must outlive it */

/* False when the log cannot be read, or not all of what was said since. */
bool mta_log_find(const struct mta_log *log, const struct identifier *id,
		  struct mta_log_answer *answer_r, struct fault *fault);
/* Can it be read, by whoever asks? */
bool mta_log_check(const struct mta_log *log, struct fault *fault);
/* Is it a file that anybody may write to? */
bool mta_log_is_for_all(const struct mta_log *log);
/* Is it the journal? *directory_r is NULL for that of the machine. */
bool mta_log_is_journal(const char *where, const char **directory_r);
/* With the entries of Postfix alone. NULL with `fault`. */
sd_journal *mta_log_open_journal(const struct mta_log *log, const char *directory,
				 struct fault *fault);
/* A field of the entry that was read, "" where it has none; "postfix/smtp[123]", who wrote it.
 * Caller frees. */
char *mta_log_field(sd_journal *opened, const char *name);
char *mta_log_process(sd_journal *opened);
void mta_log_answer_clear(struct mta_log_answer *answer);

#endif
