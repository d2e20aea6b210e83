/*
 * Which mails the MTA accepted in its SMTP sessions. Postfix counts at the end of a session how
 * many it accepted: if that is as many as were begun, it has accepted all of them. That is known
 * long before the queue manager mentions them, if they are on hold or many others are before them.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_SESSIONS_H
#define POSTSEAL_DELIVERY_COURIER_MTA_SESSIONS_H

#include <glib.h>

struct mta_sessions;

struct mta_sessions *mta_sessions_new(void);
void mta_sessions_free(struct mta_sessions *sessions);
/* The process begins to receive the mail. */
void mta_sessions_begin(struct mta_sessions *sessions, const char *process, const char *queue_id);
/* Lines will be read again. */
void mta_sessions_forget(struct mta_sessions *sessions);
/* Its session has ended, and it accepted so many. Returns the queue IDs (char *) of all that were
 * begun, if these are as many; otherwise NULL. Caller unrefs. */
GPtrArray *mta_sessions_end(struct mta_sessions *sessions, const char *process, unsigned accepted);

#endif
