/*
 * Messages whose answer the MTA has heard, as far as its connection tells: it went on after it, or
 * ended. They are noted in the database from time to time, by a thread (delivery/offer.h).
 */
#ifndef POSTSEAL_MILTER_HEARD_H
#define POSTSEAL_MILTER_HEARD_H

#include "core/database.h"
#include "delivery/offer.h"

/* The database must outlive heard_stop(). */
void heard_start(struct database *database);
void heard_note(const struct offered *offer);
/* Notes what is left. */
void heard_stop(void);

#endif
