/*
 * Messages whose reply the MTA has received, as far as its connection shows: the MTA went on
 * afterwards, or ended the connection. A thread records them in the database from time to time
 * (delivery/offer.h).
 */
#ifndef POSTSEAL_MILTER_HEARD_H
#define POSTSEAL_MILTER_HEARD_H

#include "core/database.h"
#include "delivery/offer.h"

/* The database must outlive heard_stop(). */
void heard_start(struct database *database);
void heard_note(const struct offered *offer);
/* Records what is left. */
void heard_stop(void);

#endif
