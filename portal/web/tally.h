/*
 * How many of something each has at the moment, and all together: so that nobody takes all that
 * there is, and there is an end to it.
 */
#ifndef POSTSEAL_PORTAL_WEB_TALLY_H
#define POSTSEAL_PORTAL_WEB_TALLY_H

#include <stdbool.h>

struct tally;

/* The most that one may have, and all. */
struct tally *tally_new(unsigned one_max, unsigned all_max);
void tally_free(struct tally *tally);

/* One more for `whom`; false: that is too many, and nothing is counted. From any thread. */
bool tally_add(struct tally *tally, const char *whom);
/* One less; once for each that was added. */
void tally_remove(struct tally *tally, const char *whom);

#endif
