/*
 * Proof that someone reads the mail for an address: a link that works for a day, and only once.
 * With it, they create an account for the address in the portal (/proof/TOKEN). The database has
 * only a digest of the token.
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_PROOF_H
#define POSTSEAL_DELIVERY_OUTBOX_PROOF_H

#include "delivery/outbox/notice.h"

struct proof {
	const char *address; /* folded */
	const char *shown;   /* as its owner writes it */
	const char *language;
	bool is_reset; /* an admin ended the account, and its owner creates a new one */
};

/* Adds to the open batch: the mail with the link, and the digest by which the link is found. */
bool proof_mail(const struct notice *notice, const struct proof *proof, struct fault *fault);
/* The digest by which a token is found; false if the text is not a token. */
bool proof_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES]);

#endif
