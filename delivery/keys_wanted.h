/*
 * What a message needs that the network may know: keys of its recipients, and whether their domains
 * take verified TLS. Asked for after the rules have decided, and before a method is chosen.
 */
#ifndef POSTSEAL_DELIVERY_KEYS_WANTED_H
#define POSTSEAL_DELIVERY_KEYS_WANTED_H

#include "delivery/method.h"

/* Asks for keys of those recipients whose rule may use them, and about those domains whose rule may
 * use verified TLS, all at once and for as long as the setting `keys within` says, and marks the
 * copies for which a source of keys has not answered. `copies` (struct copy) are decided on. False
 * if what is known could not be queried. */
bool keys_wanted(const struct delivery_context *delivery, const GPtrArray *copies,
		 struct fault *fault);

#endif
