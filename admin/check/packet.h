/*
 * Packets of the milter protocol, as the MTA exchanges them with a milter: a length, four bytes in
 * network order, then that many bytes, a letter for the command (SMFIC_…) or the reply (SMFIR_…)
 * and its data.
 */
#ifndef POSTSEAL_ADMIN_CHECK_PACKET_H
#define POSTSEAL_ADMIN_CHECK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKET_MAX = 65535 }; /* libmilter's MILTER_MAX_DATA_SIZE */

struct packet {
	size_t length; /* with the letter */
	char bytes[PACKET_MAX];
};

/* Waits for it a few seconds; false: nothing came, or nothing that is a packet. */
bool packet_read(int fd, struct packet *packet_r);
/* `length` is at most a few thousand bytes. */
bool packet_write(int fd, char command, const void *data, size_t length);

/* The beginning of a session: offers everything that Postfix offers with milter_protocol = 6. False
 * if whoever listens there does not answer as a milter. */
bool packet_negotiate(int fd, struct packet *reply_r);
/* The steps (SMFIP_…) that a reply to it asks for, or asks to leave out. */
uint32_t packet_steps(const struct packet *reply);

/* A connection to `address` as Postfix writes it, "unix:path", relative to the current directory,
 * or "inet:host:port"; -1 with errno set. */
int packet_connect(const char *address);

#endif
