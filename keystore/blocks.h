/*
 * Finds keys and certificates in any form in which people send them: PEM (RFC 7468) and OpenPGP
 * armour (RFC 9580 §6) in UTF-8 or UTF-16, with any line endings and any text around them; bare
 * base64; DER and binary OpenPGP; whole mails.
 */
#ifndef POSTSEAL_KEYSTORE_BLOCKS_H
#define POSTSEAL_KEYSTORE_BLOCKS_H

#include <glib.h>
#include <stdbool.h>

enum {
	BLOCKS_STRANGERS_MAX = 1000, /* of what somebody sends whom we do not know */
	BLOCKS_DEPTH_MAX = 4,
};

struct block {
	char *label;   /* "CERTIFICATE"; "PGP PUBLIC KEY BLOCK"; "DER"; "OpenPGP" (binary) */
	GBytes *bytes; /* the text with its BEGIN and END lines, or the binary data */
	bool is_whole; /* false: the END line is missing */
};

bool block_is_openpgp(const struct block *block);
/* struct block, freed by the array. Looks no further once there are more than `most`. Empty if
 * nothing was found. */
GPtrArray *blocks_find(const void *bytes, size_t length, unsigned most);

#endif
