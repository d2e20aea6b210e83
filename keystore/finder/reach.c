#include "keystore/finder/reach.h"

#include <glib.h>
#include <string.h>

/* Not globally reachable, or not unicast (IANA's registries of special-purpose addresses, RFC 6890;
 * the private ones of RFC 1918, RFC 6598, RFC 3927). */
static const char *const not_public_ipv4[] = {
	"0.0.0.0/8",	 "10.0.0.0/8",	    "100.64.0.0/10",  "127.0.0.0/8",	"169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
};

/* Only 2000::/3 is global unicast (RFC 4291 §2.4), without these: protocol assignments with Teredo,
 * documentation, and 6to4, which hides an IPv4 address. */
static const char global_ipv6[] = "2000::/3";
static const char *const not_public_ipv6[] = {"2001::/23", "2001:db8::/32", "2002::/16",
					      "3fff::/20"};
static const char nat64[] = "64:ff9b::/96";

enum { PRIVILEGED = 1024 };

static GArray *added; /* struct network */

bool
reach_begin(const struct settings *settings, struct fault *fault)
{
	g_autoptr(GArray) networks = g_array_new(FALSE, FALSE, sizeof(struct network));

	for (char **text = settings->finder_networks; *text != NULL; text++) {
		struct network network;

		if (!network_parse(&network, *text))
			return fault_set(fault, FAULT_CONFIG,
					 "reading `finder networks`: \"%s\" is neither an address "
					 "nor a network such as 10.0.0.0/8",
					 *text);
		g_array_append_val(networks, network);
	}
	g_clear_pointer(&added, g_array_unref);
	added = g_steal_pointer(&networks);
	return true;
}

static bool
is_in(const char *network, const struct network_address *address)
{
	struct network parsed;

	return network_parse(&parsed, network) && network_has(&parsed, address);
}

static bool
is_in_any(const char *const *networks, size_t count, const struct network_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(networks[i], address))
			return true;
	return false;
}

static bool
is_added(const struct network_address *address)
{
	for (guint i = 0; added != NULL && i < added->len; i++)
		if (network_has(&g_array_index(added, struct network, i), address))
			return true;
	return false;
}

/* The IPv4 address in its last four bytes. */
static struct network_address
behind_nat64(const struct network_address *address)
{
	struct network_address inner;

	network_address_parse(&inner, "0.0.0.0");
	memcpy(inner.bytes + NETWORK_MAPPED_BITS / 8, address->bytes + NETWORK_MAPPED_BITS / 8,
	       NETWORK_ADDRESS_BYTES - NETWORK_MAPPED_BITS / 8);
	return inner;
}

bool
reach_allows(const struct network_address *address)
{
	if (is_added(address))
		return true;
	if (is_in(nat64, address)) {
		const struct network_address inner = behind_nat64(address);

		return reach_allows(&inner);
	}
	if (network_address_is_ipv4(address))
		return !is_in_any(not_public_ipv4, G_N_ELEMENTS(not_public_ipv4), address);
	return is_in(global_ipv6, address) &&
	       !is_in_any(not_public_ipv6, G_N_ELEMENTS(not_public_ipv6), address);
}

bool
reach_allows_port(unsigned long port)
{
	return port == 80 || port == 443 || port >= PRIVILEGED;
}
