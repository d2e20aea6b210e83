/*
 * What lines of the MTA's log said that later lines need: which mails its SMTP sessions began,
 * what a mail came in as, how secure a connection is. It is kept in the database together with the
 * position in the log, so that whichever courier reads on knows it.
 *
 * Postfix counts at the end of a session how many mails it accepted: if that is as many as were
 * begun, it has accepted all of them. That is known long before the queue manager mentions them, if
 * they are on hold or many others are before them.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_MEMORY_H
#define POSTSEAL_DELIVERY_COURIER_MTA_MEMORY_H

#include <glib.h>

struct mta_memory;

struct mta_memory *mta_memory_new(void);
void mta_memory_free(struct mta_memory *memory);

/* --- sessions --- */

/* The process begins to receive the mail. */
void mta_memory_begin(struct mta_memory *memory, const char *process, const char *queue_id);
/* Its session has ended, and it accepted so many. Returns the queue IDs (char *) of all that were
 * begun, if these are as many; otherwise NULL. Caller unrefs. */
GPtrArray *mta_memory_end(struct mta_memory *memory, const char *process, unsigned accepted);

/* --- what mail came in as, until it is known that the MTA accepted it --- */

void mta_memory_set_ident(struct mta_memory *memory, const char *queue_id, const char *ident);
/* Returns and forgets it; NULL: it came in as nothing else. Caller frees. */
char *mta_memory_take_ident(struct mta_memory *memory, const char *queue_id);

/* --- connections --- */

/* The process has a connection to the relay, secured like this. It counts for the mail that the
 * process mentions next: it may have its next connection without TLS. */
void mta_memory_set_tls(struct mta_memory *memory, const char *process, const char *relay,
			const char *how);
/* How the connection is secured over which it sent the mail; NULL: that is not known. */
const char *mta_memory_tls(struct mta_memory *memory, const char *process, const char *relay,
			   const char *queue_id);

/* The mail was removed from the queue: nothing more is said of it. */
void mta_memory_remove(struct mta_memory *memory, const char *queue_id);

/* --- from one courier to the next --- */

/* All of it, as words (char *). Caller unrefs. */
GPtrArray *mta_memory_words(const struct mta_memory *memory);
/* Knows what these words say, and nothing else. */
void mta_memory_recall(struct mta_memory *memory, const GPtrArray *words);

#endif
