/*
 * Counts how many of something each has at the moment, and all have together, so that nobody can
 * take everything, and the total is limited.
 */
#ifndef POSTSEAL_PORTAL_WEB_TALLY_H
#define POSTSEAL_PORTAL_WEB_TALLY_H

#include <stdbool.h>

struct tally;

/* The limits for one, and for all together. */
struct tally *tally_new(unsigned one_max, unsigned all_max);
void tally_free(struct tally *tally);

/* Adds one for `whom`; false: that would be too many, and nothing is counted. May be called from
 * any thread. */
bool tally_add(struct tally *tally, const char *whom);
/* Removes one; call once for each that was added. */
void tally_remove(struct tally *tally, const char *whom);

#endif
