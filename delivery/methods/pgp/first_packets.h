/*
 * Inspects gpg's output as it passes: the session keys must be followed by the packet that every
 * OpenPGP program can read, SEIPD (tag 18, RFC 9580 §5.13). GnuPG 2.3 and later writes OCB packets
 * (tag 20) to keys that announce support for them, has no option to prevent it, and no other
 * program reads them.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_FIRST_PACKETS_H
#define POSTSEAL_DELIVERY_METHODS_PGP_FIRST_PACKETS_H

#include <glib.h>
#include <stdbool.h>

enum { PACKET_SEIPD = 18, PACKET_OCB = 20, PACKET_HEADER_MAX = 6 };

struct first_packets {
	unsigned line_feeds; /* at the end of what was seen so far; two end the armour's headers */
	bool in_packets;
	gint state; /* of the base64 decoder */
	guint save;
	unsigned char header[PACKET_HEADER_MAX]; /* of a packet: tag and length */
	size_t header_length;
	guint64 skip; /* bytes of the packet's body still to come */
	unsigned tag; /* of the first packet that is not a session key; 0: not seen yet */
};

/* Initialise to zero. Takes the armour in pieces of any size. */
void first_packets_take(struct first_packets *first, const char *armour, size_t length);

#endif
