/*
 * Proof that somebody reads the mail of an address: a link that works for a day, and once. With it
 * they make an account for the address in the portal (/proof/TOKEN). The database has only a digest
 * of the token.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_PROOF_H
#define POSTSEAL_DELIVERY_OUTBOX_PROOF_H

#include "delivery/outbox/notice.h"

struct proof {
	const char *address; /* folded */
	const char *shown;   /* as its owner writes it */
	const char *language;
	bool is_reset; /* an admin ended the account, and its owner makes a new one */
};

/* The mail with the link, and what it is found by, in the open batch. */
bool proof_mail(const struct notice *notice, const struct proof *proof, struct fault *fault);
/* What a token is found by; false where it is none. */
bool proof_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES]);

#endif
