/*
 * A message that the first pass through the MTA hands to the second more than once: its SMTP client
 * died, or lost its connection, before it heard that the message is taken. Each message carries a
 * note of the first pass that no other has (milter/login.h). What the second pass decided is known
 * by it, so that the same message is not taken for one that somebody sent a second time.
 */
#ifndef POSTSEAL_DELIVERY_PASS_H
#define POSTSEAL_DELIVERY_PASS_H

#include "delivery/method.h"

/* Adds to the open batch that these (struct copy) are decided on; nothing where around->pass is
 * NULL. `lifetime`: seconds that the MTA may have the message. */
bool pass_note(struct connection *connection, const struct surroundings *around,
	       const GPtrArray *copies, uint64_t lifetime, struct fault *fault);
/* *taken_r: all of these were decided on, and the MTA has what came of it. `identity`
 * (AUDIT_IDENTITY_BYTES) of the message as in its record. False with a temporary fault where that
 * stays open (delivery/offer.h). */
bool pass_is_taken(const struct surroundings *around, const GPtrArray *copies,
		   const unsigned char *identity, bool *taken_r, struct fault *fault);

#endif
