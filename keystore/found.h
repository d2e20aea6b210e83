/*
 * What a source in the network returned for an address, before and after it was read.
 */
#ifndef POSTSEAL_KEYSTORE_FOUND_H
#define POSTSEAL_KEYSTORE_FOUND_H

#include "keystore/facts.h"

enum {
	FOUND_KEYS_MAX = 32,		       /* of an address, by one source */
	FOUND_KEY_BYTES_MAX = 1024 * 1024,     /* of each, as it is kept */
	FOUND_WIRE_MAX = 16 * 1024 * 1024 + 1, /* bytes of a question or an answer */
};

struct found_item {
	GBytes *bytes;
	bool is_pinned; /* a certificate that needs no chain (RFC 6698 §2.1.1, usage 3) */
};

struct found_files {
	enum key_kind kind;
	const char *address; /* folded */
	const char *gpg_program;
	const char *folder;	/* for temporary files: removed by the caller */
	const GPtrArray *items; /* struct found_item */
	/* GBytes: OpenPGP keys that are known already, with which the same key is merged, so that a
	 * revocation, once seen, stays. */
	const GPtrArray *known;
};

struct found_key {
	struct key_facts *facts; /* without `addresses`: there is only the one */
	bool is_pinned;
};
void found_item_free(struct found_item *item);
void found_key_free(struct found_key *key);

#endif
