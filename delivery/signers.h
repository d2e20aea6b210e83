/*
 * Whose signature a message gets: that of its sender's key, where the sender is known to have sent
 * it
 * (`sign` in postseal.conf(5)). Where it is not, the message goes without, and its record says why.
 */
#ifndef POSTSEAL_DELIVERY_SIGNERS_H
#define POSTSEAL_DELIVERY_SIGNERS_H

#include "delivery/method.h"

/* Fills the signers in. False only where the key store could not be asked. */
bool signers_find(struct surroundings *around, struct fault *fault);
void signers_clear(struct surroundings *around);

#endif
