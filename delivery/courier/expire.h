/*
 * What has to be done from time to time: parcels whose time is over are deleted with their keys,
 * ended sessions go, and identities of messages that no MTA offers again are forgotten.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_EXPIRE_H
#define POSTSEAL_DELIVERY_COURIER_EXPIRE_H

#include "core/database.h"
#include "core/settings.h"

/* Safe to run at any time, and by several couriers at once. */
bool upkeep(struct database *database, const struct settings *settings, struct fault *fault);

#endif
