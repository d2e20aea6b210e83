#include "admin/check/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/listening.h"

/* For SMFIC_OPTNEG, the data is three 32-bit numbers, version, actions and steps, and in the reply
 * also the macros that the milter wants. */
enum { VERSION = 6, SECONDS = 10, FACTS = 3, STEPS_AT = 1 + 2 * sizeof(uint32_t) };

static bool
read_exactly(int fd, void *bytes, size_t length)
{
	struct pollfd watched = {.fd = fd, .events = POLLIN};
	size_t got = 0;

	while (got < length) {
		ssize_t count;

		if (poll(&watched, 1, SECONDS * 1000) <= 0)
			return false;
		count = read(fd, (char *)bytes + got, length - got);
		if (count <= 0)
			return false;
		got += (size_t)count;
	}
	return true;
}

bool
packet_read(int fd, struct packet *packet_r)
{
	uint32_t length;

	if (!read_exactly(fd, &length, sizeof length))
		return false;
	packet_r->length = ntohl(length);
	return packet_r->length > 0 && packet_r->length <= sizeof packet_r->bytes &&
	       read_exactly(fd, packet_r->bytes, packet_r->length);
}

bool
packet_write(int fd, char command, const void *data, size_t length)
{
	const uint32_t whole = htonl((uint32_t)(1 + length));
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)&whole, sizeof whole);
	g_byte_array_append(bytes, (const guint8 *)&command, 1);
	g_byte_array_append(bytes, data, (guint)length);
	return write(fd, bytes->data, bytes->len) == (ssize_t)bytes->len;
}

bool
packet_negotiate(int fd, struct packet *reply_r)
{
	const uint32_t offer[FACTS] = {htonl(VERSION), htonl(SMFI_CURR_ACTS),
				       htonl(SMFI_CURR_PROT)};

	return packet_write(fd, SMFIC_OPTNEG, offer, sizeof offer) && packet_read(fd, reply_r) &&
	       reply_r->bytes[0] == SMFIC_OPTNEG && reply_r->length >= 1 + sizeof offer;
}

uint32_t
packet_steps(const struct packet *reply)
{
	uint32_t steps;

	memcpy(&steps, reply->bytes + STEPS_AT, sizeof steps);
	return ntohl(steps);
}

int
packet_connect(const char *address)
{
	static const char postfix_inet[] = "inet:";

	return listening_connect(
		g_str_has_prefix(address, postfix_inet) ? address + strlen(postfix_inet) : address);
}
