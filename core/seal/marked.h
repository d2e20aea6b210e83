/*
 * Whatever the courier's key or the master key seals begins with the mark of that key: four bytes
 * by which the key is found while several are in use, and which reveal nothing about it. In data
 * sealed before marks existed, a box has no mark, and bytes have a mark of zeros: every key is
 * tried.
 */
#ifndef POSTSEAL_CORE_SEAL_MARKED_H
#define POSTSEAL_CORE_SEAL_MARKED_H

#include "core/seal/key_file.h"

enum {
	SEAL_MARK_BYTES = 4,
	SEAL_MARK_CHARACTERS = 2 * SEAL_MARK_BYTES, /* in hexadecimal */
	SEAL_MARKED_BOX_BYTES = SEAL_MARK_BYTES + SEAL_BOXED_BYTES,
};

/* The mark of the master key, or of the public half of the courier's key. */
void seal_mark(unsigned char mark_r[SEAL_MARK_BYTES], const struct seal_key *key);
void seal_mark_show(char text_r[SEAL_MARK_CHARACTERS + 1], const struct seal_key *key);

/* Like seal_box() and seal_bytes() (core/seal/wrap.h), but with the mark. */
bool seal_marked_box(unsigned char boxed_r[SEAL_MARKED_BOX_BYTES], const struct seal_key *content,
		     const struct seal_key *public_key, struct fault *fault);
unsigned char *seal_marked_bytes(const void *bytes, size_t length, const struct seal_key *key,
				 const char *about, size_t *length_r);

/* Opens with whichever of the keys is needed: the courier's private keys, or master keys. Wipe the
 * results as described for seal_unbox() and seal_open_bytes(). */
bool seal_marked_unbox(struct seal_key *content_r, const unsigned char *boxed, size_t length,
		       const struct key_file *private_keys);
unsigned char *seal_marked_open(const unsigned char *sealed, size_t length,
				const struct key_file *keys, const char *about, size_t *length_r);

#endif
