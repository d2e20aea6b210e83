#include "admin/check/negotiation.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <string.h>
#include <unistd.h>

#include "admin/check/packet.h"
#include "core/listening.h"

/* What only our milter asks for (milter/session.c). */
static const char own_macro[] = "{postseal_pass}";

static bool
is_ours(const struct packet *packet)
{
	return memmem(packet->bytes, packet->length, own_macro, strlen(own_macro)) != NULL;
}

static bool
negotiate(int fd, const char *address, struct fault *fault)
{
	struct packet reply;

	if (!packet_negotiate(fd, &reply))
		return fault_set(fault, FAULT_CONFIG,
				 "whoever listens at %s does not answer as a milter does; who "
				 "is it? (ss -lp)",
				 address);
	packet_write(fd, SMFIC_QUIT, NULL, 0);
	return is_ours(&reply) ||
	       fault_set(fault, FAULT_CONFIG,
			 "the milter that listens at %s is another one than postseal-milter; give "
			 "one of them another address",
			 address);
}

bool
negotiation_check(const char *address, struct fault *fault)
{
	int fd = packet_connect(address);
	bool good;

	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG, "connecting to %s: %s", address,
				 strerror(errno));
	good = negotiate(fd, address, fault);
	close(fd);
	return good;
}

bool
negotiation_listens(const char *listen, struct fault *fault)
{
	int fd = listening_connect(listen);
	struct packet reply;

	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG,
				 "connecting to postseal-milter at %s: %s; is it running?", listen,
				 strerror(errno));
	if (packet_negotiate(fd, &reply))
		packet_write(fd, SMFIC_QUIT, NULL, 0);
	close(fd);
	return true;
}
