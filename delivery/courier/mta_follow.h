/*
 * Follows the MTA's log and puts on record what became of each copy: which next hop took it, over what TLS, what it
 * answered, since when it is deferred, that it was returned. "Sent" is said of what a next hop took, and of nothing else.
 *
 * The place in the log and what was read up to there are one commit. One courier of a machine follows at a time.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_MTA_FOLLOW_H
#define POSTSEAL_DELIVERY_COURIER_MTA_FOLLOW_H

#include "core/database.h"

struct mta_follow;

/* `where` as in mta_log.h. */
struct mta_follow *mta_follow_new(const char *where);
void mta_follow_free(struct mta_follow *follow);

/* Reads what has come, a bounded number of lines. *more_r: there may be more at once. False where log or database cannot
 * be read; the next round begins where the last good one ended. */
bool mta_follow_round(struct mta_follow *follow, struct database *database, bool *more_r, struct fault *fault);

#endif
