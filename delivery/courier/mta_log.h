/*
 * Whether Postfix took a mail whose courier did not live to hear the answer. The courier tells
 * Postfix the row of each mail (XFORWARD IDENT), and Postfix logs it: that line names the queue
 * ID, and the queue manager logs the queue ID of what was taken.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_LOG_H
#define POSTSEAL_DELIVERY_COURIER_MTA_LOG_H

#include <glib.h>
#include <systemd/sd-journal.h>

#include "core/fault.h"
#include "core/identifier.h"
#include "delivery/courier/mta_line.h"

struct mta_log_answer {
	char *queue_id;	     /* NULL: Postfix never took the mail */
	unsigned recipients; /* for how many it took it */
	GHashTable *named;   /* addresses it has said something of so far */
};

/* `where` is a file, of which the one before it (where.1) is read too; "journal", systemd's; or
 * "journal:DIRECTORY". False when the log cannot be read. */
bool mta_log_find(const char *where, const struct identifier *id, struct mta_log_answer *answer_r,
		  struct fault *fault);
/* Can it be read, by whoever asks? */
bool mta_log_check(const char *where, struct fault *fault);
/* Is it the journal? *directory_r is NULL for that of the machine. */
bool mta_log_is_journal(const char *where, const char **directory_r);
/* With the entries of the mail system alone. NULL with `fault`. */
sd_journal *mta_log_open_journal(const char *directory, struct fault *fault);
void mta_log_answer_clear(struct mta_log_answer *answer);

#endif
