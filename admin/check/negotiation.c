#include "admin/check/negotiation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/listening.h"

/* A packet is its length, four bytes in network order, followed by that many bytes: a letter for
 * the command, then its data. For SMFIC_OPTNEG, the data is three 32-bit numbers, version, actions
 * and steps, and in the reply also the macros that the milter wants. Postfix with milter_protocol =
 * 6 offers everything. */
enum { VERSION = 6, SECONDS = 10, PACKET_MAX = 4096, LENGTH_BYTES = 4, FACTS = 3 };

/* What only our milter asks for (milter/session.c). */
static const char own_macro[] = "{postseal_pass}";

struct packet {
	size_t length;
	char bytes[PACKET_MAX];
};

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

static bool
read_packet(int fd, struct packet *packet)
{
	uint32_t length;

	if (!read_exactly(fd, &length, sizeof length))
		return false;
	packet->length = ntohl(length);
	return packet->length > 0 && packet->length <= sizeof packet->bytes &&
	       read_exactly(fd, packet->bytes, packet->length);
}

static bool
write_packet(int fd, char command, const uint32_t *facts, size_t count)
{
	struct packet packet = {.length = 1 + count * sizeof *facts};
	uint32_t length = htonl((uint32_t)packet.length);
	char whole[LENGTH_BYTES + 1 + FACTS * sizeof *facts];

	memcpy(whole, &length, LENGTH_BYTES);
	whole[LENGTH_BYTES] = command;
	for (size_t i = 0; i < count; i++) {
		uint32_t fact = htonl(facts[i]);

		memcpy(whole + LENGTH_BYTES + 1 + i * sizeof fact, &fact, sizeof fact);
	}
	return write(fd, whole, LENGTH_BYTES + packet.length) ==
	       (ssize_t)(LENGTH_BYTES + packet.length);
}

static bool
is_ours(const struct packet *packet)
{
	return memmem(packet->bytes, packet->length, own_macro, strlen(own_macro)) != NULL;
}

static bool
negotiate(int fd, const char *address, struct fault *fault)
{
	static const uint32_t offer[FACTS] = {VERSION, SMFI_CURR_ACTS, SMFI_CURR_PROT};
	struct packet packet;

	if (!write_packet(fd, SMFIC_OPTNEG, offer, FACTS) || !read_packet(fd, &packet) ||
	    packet.bytes[0] != SMFIC_OPTNEG)
		return fault_set(fault, FAULT_CONFIG,
				 "whoever listens at %s does not answer as a milter does; who "
				 "is it? (ss -lp)",
				 address);
	write_packet(fd, SMFIC_QUIT, NULL, 0);
	return is_ours(&packet) ||
	       fault_set(fault, FAULT_CONFIG,
			 "the milter that listens at %s is another one than postseal-milter; give "
			 "one of them another address",
			 address);
}

bool
negotiation_check(const char *address, struct fault *fault)
{
	static const char postfix_inet[] = "inet:";
	int fd = listening_connect(
		g_str_has_prefix(address, postfix_inet) ? address + strlen(postfix_inet) : address);
	bool good;

	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG, "connecting to %s: %s", address,
				 strerror(errno));
	good = negotiate(fd, address, fault);
	close(fd);
	return good;
}
