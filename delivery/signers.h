/*
 * Whose signature a message gets: that of its sender's key, if it is established who sent it
 * (`sign` in postseal.conf(5)). Otherwise the message is not signed, and its record says why.
 */
#ifndef POSTSEAL_DELIVERY_SIGNERS_H
#define POSTSEAL_DELIVERY_SIGNERS_H

#include "delivery/method.h"

/* Fills in the signers. False only if the key store could not be asked. */
bool signers_find(struct delivery_context *delivery, struct fault *fault);
/* With `ca issue "on first use"`: notes that the sender, an employee who is known to have sent it,
 * lacks a key that the keeper can issue. A later message is signed; this one does not wait. */
void signers_wish(const struct delivery_context *delivery);
void signers_clear(struct delivery_context *delivery);

#endif
