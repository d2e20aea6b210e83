#include "core/network.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

static const unsigned char mapped[NETWORK_MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static void
address_of_ipv4(struct network_address *address_r, const void *bytes)
{
	memcpy(address_r->bytes, mapped, sizeof mapped);
	memcpy(address_r->bytes + sizeof mapped, bytes, 4);
}

bool
network_address_is_ipv4(const struct network_address *address)
{
	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

bool
network_address_parse(struct network_address *address_r, const char *text)
{
	unsigned char bytes[4];

	if (inet_pton(AF_INET, text, bytes) != 1)
		return inet_pton(AF_INET6, text, address_r->bytes) == 1;
	address_of_ipv4(address_r, bytes);
	return true;
}

bool
network_address_of(struct network_address *address_r, const struct sockaddr *socket)
{
	if (socket == NULL)
		return false;
	if (socket->sa_family == AF_INET)
		address_of_ipv4(address_r, &((const struct sockaddr_in *)socket)->sin_addr);
	else if (socket->sa_family == AF_INET6)
		memcpy(address_r->bytes, &((const struct sockaddr_in6 *)socket)->sin6_addr,
		       NETWORK_ADDRESS_BYTES);
	else
		return false;
	return true;
}

char *
network_address_text(const struct network_address *address)
{
	char text[INET6_ADDRSTRLEN];

	if (network_address_is_ipv4(address))
		inet_ntop(AF_INET, address->bytes + sizeof mapped, text, sizeof text);
	else
		inet_ntop(AF_INET6, address->bytes, text, sizeof text);
	return g_strdup(text);
}

struct network
network_of(const struct network_address *address, unsigned bits)
{
	struct network network = {.first = *address, .bits = bits};

	for (unsigned i = 0; i < NETWORK_ADDRESS_BYTES; i++) {
		unsigned kept = bits > i * 8 ? MIN(bits - i * 8, 8) : 0;

		network.first.bytes[i] &= (unsigned char)(0xff00 >> kept);
	}
	return network;
}

bool
network_parse(struct network *network_r, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, "/", 2);
	guint64 bits = NETWORK_ADDRESS_BYTES * 8, before;
	struct network_address address;

	if (words[0] == NULL || !network_address_parse(&address, words[0]))
		return false;
	before = network_address_is_ipv4(&address) ? NETWORK_MAPPED_BITS : 0;
	if (words[1] != NULL &&
	    !g_ascii_string_to_unsigned(words[1], 10, 0, NETWORK_ADDRESS_BYTES * 8 - before, &bits,
					NULL))
		return false;
	*network_r = network_of(&address, (unsigned)(words[1] == NULL ? bits : bits + before));
	return true;
}

bool
network_has(const struct network *network, const struct network_address *address)
{
	const struct network its = network_of(address, network->bits);

	return memcmp(its.first.bytes, network->first.bytes, NETWORK_ADDRESS_BYTES) == 0;
}
