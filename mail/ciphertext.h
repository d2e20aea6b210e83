/*
 * Is it ciphertext? Each byte of ciphertext is as likely as any other; text, in whatever character
 * set, and base64 repeat some bytes far more often.
 */
#ifndef POSTSEAL_MAIL_CIPHERTEXT_H
#define POSTSEAL_MAIL_CIPHERTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set to {0} to begin. */
struct ciphertext {
	uint16_t counts[256]; /* of the bytes of the current block */
	unsigned bytes;	      /* in it */
	bool is_readable;     /* a block was not ciphertext */
};

/* May be called with the pieces of a content, and of several that follow each other. */
void ciphertext_step(struct ciphertext *ciphertext, const void *data, size_t length);

/* False if a block of 256 bytes, or 64 and more that are left at the end, have so many pairs of
 * equal bytes that hardly one ciphertext in a million million does. */
bool ciphertext_is_plausible(const struct ciphertext *ciphertext);

#endif
