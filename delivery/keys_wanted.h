/*
 * Which keys a message needs that the network may have: asked for after the rules have decided, and
 * before a method is chosen.
 */
#ifndef POSTSEAL_DELIVERY_KEYS_WANTED_H
#define POSTSEAL_DELIVERY_KEYS_WANTED_H

#include "delivery/method.h"

/* Asks for keys of those recipients whose rule may use them, for as long as the setting `keys
 * within` says, and marks the copies for which a source has not answered. `copies` (struct copy)
 * are decided on. False if the key store could not be queried. */
bool keys_wanted(const struct surroundings *around, const GPtrArray *copies, struct fault *fault);

#endif
