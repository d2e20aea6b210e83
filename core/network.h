/*
 * Addresses of the Internet, and networks such as 10.0.0.0/8. IPv4 addresses are kept in IPv6 form
 * (RFC 4291 §2.5.5.2), so that each address has one form, however it was written.
 */
#ifndef POSTSEAL_CORE_NETWORK_H
#define POSTSEAL_CORE_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

enum { NETWORK_ADDRESS_BYTES = 16, NETWORK_MAPPED_BITS = 96 };

struct network_address {
	unsigned char bytes[NETWORK_ADDRESS_BYTES];
};

struct network {
	struct network_address first;
	unsigned bits; /* of the IPv6 form */
};

bool network_address_parse(struct network_address *address_r, const char *text);
/* False if it is not an address of the Internet, such as that of a Unix socket; or NULL. */
bool network_address_of(struct network_address *address_r, const struct sockaddr *socket);
bool network_address_is_ipv4(const struct network_address *address);
/* "192.0.2.1" or "2001:db8::1"; caller frees. */
char *network_address_text(const struct network_address *address);

/* "10.0.0.0/8", or an address. */
bool network_parse(struct network *network_r, const char *text);
/* The network of so many bits that the address is in. */
struct network network_of(const struct network_address *address, unsigned bits);
bool network_has(const struct network *network, const struct network_address *address);

#endif
