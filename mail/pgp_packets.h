/*
 * Packets of OpenPGP (RFC 9580 §4), in pieces as they come: is it one encrypted message (§10.3),
 * and nothing beside it? A packet of another kind, before or behind what is encrypted, is read by
 * everybody.
 */
#ifndef POSTSEAL_MAIL_PGP_PACKETS_H
#define POSTSEAL_MAIL_PGP_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero before the first piece. */
struct pgp_packets {
	unsigned char header[8]; /* as much as is known of it */
	size_t header_length;
	unsigned tag;
	uint64_t left;	 /* of the body, or of a piece of it */
	bool continues;	 /* another piece of the same packet follows (§4.2.1.4) */
	bool is_endless; /* a body of the old form, to the end */
	bool at_version; /* the next byte is the first of a body */
	bool has_session_key, has_data;
	bool has_other; /* anything that belongs to no encrypted message */
};

void pgp_packets_step(struct pgp_packets *packets, const void *data, size_t length);
/* After the last piece. */
bool pgp_packets_are_encrypted(const struct pgp_packets *packets);
/* After the first one: may it be an encrypted message? */
bool pgp_packets_begin_encrypted(const struct pgp_packets *packets);

#endif
