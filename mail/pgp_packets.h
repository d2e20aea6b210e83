/*
 * OpenPGP packets (RFC 9580 §4), read piece by piece: are they exactly one encrypted message
 * (§10.3), with nothing else? A packet of any other kind, before or after what is encrypted, can be
 * read by anybody, and so can text that a packet passes off as encrypted.
 */
#ifndef POSTSEAL_MAIL_PGP_PACKETS_H
#define POSTSEAL_MAIL_PGP_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/ciphertext.h"

/* Initialise to zero. */
struct pgp_packets {
	unsigned char header[8]; /* as far as it has been read */
	size_t header_length;
	unsigned tag;
	uint64_t left;	 /* bytes left of the body, or of a piece of it */
	bool continues;	 /* another piece of the same packet follows (§4.2.1.4) */
	bool is_endless; /* an old-format body that extends to the end */
	bool at_version; /* the next byte is the first of a body */
	unsigned body_at,
		cipher_at; /* octets of the body seen, up to a few; which names its cipher */
	bool has_session_key, has_data;
	struct ciphertext ciphertext; /* all bodies, one after the other */
	bool has_other;		      /* found something that is not part of an encrypted message */
};

void pgp_packets_step(struct pgp_packets *packets, const void *data, size_t length);
/* After the last piece. */
bool pgp_packets_are_encrypted(const struct pgp_packets *packets);
/* After the first piece: could this be an encrypted message? */
bool pgp_packets_begin_encrypted(const struct pgp_packets *packets);

#endif
