#include "portal/web/client.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESS_BYTES = 16, MAPPED_BITS = 96 };

/* IPv4 addresses in IPv6 form (RFC 4291 §2.5.5.2), so that each has one form. */
struct address {
	unsigned char bytes[ADDRESS_BYTES];
};

struct proxy {
	struct address network;
	unsigned bits;
};

struct proxies {
	GArray *networks; /* struct proxy */
	bool has_unix;
};

static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static void
address_of_ipv4(struct address *address_r, const void *bytes)
{
	memcpy(address_r->bytes, mapped, sizeof mapped);
	memcpy(address_r->bytes + sizeof mapped, bytes, 4);
}

static bool
is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static bool
address_parse(struct address *address_r, const char *text)
{
	unsigned char bytes[4];

	if (inet_pton(AF_INET, text, bytes) != 1)
		return inet_pton(AF_INET6, text, address_r->bytes) == 1;
	address_of_ipv4(address_r, bytes);
	return true;
}

static bool
address_of_peer(struct address *address_r, const struct sockaddr *peer)
{
	if (peer == NULL)
		return false;
	if (peer->sa_family == AF_INET)
		address_of_ipv4(address_r, &((const struct sockaddr_in *)peer)->sin_addr);
	else if (peer->sa_family == AF_INET6)
		memcpy(address_r->bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr,
		       ADDRESS_BYTES);
	else
		return false;
	return true;
}

static void
keep_bits(struct address *address, unsigned bits)
{
	for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
		unsigned kept = bits > i * 8 ? MIN(bits - i * 8, 8) : 0;

		address->bytes[i] &= (unsigned char)(0xff00 >> kept);
	}
}

/* --- proxies --- */

static bool
proxy_parse(struct proxy *proxy_r, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, "/", 2);
	guint64 bits = ADDRESS_BYTES * 8, before;

	if (words[0] == NULL || !address_parse(&proxy_r->network, words[0]))
		return false;
	before = is_ipv4(&proxy_r->network) ? MAPPED_BITS : 0;
	if (words[1] != NULL &&
	    !g_ascii_string_to_unsigned(words[1], 10, 0, ADDRESS_BYTES * 8 - before, &bits, NULL))
		return false;
	proxy_r->bits = (unsigned)(words[1] == NULL ? bits : bits + before);
	keep_bits(&proxy_r->network, proxy_r->bits);
	return true;
}

void
proxies_free(struct proxies *proxies)
{
	if (proxies == NULL)
		return;
	g_array_unref(proxies->networks);
	g_free(proxies);
}

struct proxies *
proxies_new(const char *const *list, struct fault *fault)
{
	struct proxies *proxies = g_new0(struct proxies, 1);

	proxies->networks = g_array_new(FALSE, FALSE, sizeof(struct proxy));
	for (const char *const *text = list; *text != NULL; text++) {
		struct proxy proxy;

		if (strcmp(*text, "unix") == 0) {
			proxies->has_unix = true;
		} else if (proxy_parse(&proxy, *text)) {
			g_array_append_val(proxies->networks, proxy);
		} else {
			fault_set(fault, FAULT_CONFIG,
				  "reading `portal proxies`: \"%s\" is neither an address, a "
				  "network such as 10.0.0.0/8, nor unix",
				  *text);
			proxies_free(proxies);
			return NULL;
		}
	}
	return proxies;
}

/* A Unix socket has no address, and MHD may report none. */
static bool
is_proxy(const struct proxies *proxies, const struct sockaddr *peer)
{
	struct address address;

	if (!address_of_peer(&address, peer))
		return proxies->has_unix;
	for (guint i = 0; i < proxies->networks->len; i++) {
		const struct proxy *proxy = &g_array_index(proxies->networks, struct proxy, i);
		struct address network = address;

		keep_bits(&network, proxy->bits);
		if (memcmp(network.bytes, proxy->network.bytes, ADDRESS_BYTES) == 0)
			return true;
	}
	return false;
}

/* --- clients --- */

static char *
network_of(const struct address *client)
{
	struct address network = *client;
	char text[INET6_ADDRSTRLEN];

	if (is_ipv4(client)) {
		keep_bits(&network, MAPPED_BITS + 24);
		inet_ntop(AF_INET, network.bytes + sizeof mapped, text, sizeof text);
		return g_strconcat(text, "/24", NULL);
	}
	keep_bits(&network, 64);
	inet_ntop(AF_INET6, network.bytes, text, sizeof text);
	return g_strconcat(text, "/64", NULL);
}

static enum MHD_Result
keep_last(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **last = context;

	(void)kind;
	if (g_ascii_strcasecmp(name, "X-Forwarded-For") == 0)
		*last = value == NULL ? "" : value;
	return MHD_YES;
}

/* The last element of the last field; NULL if there is none. Caller frees. */
static char *
forwarded_for(struct MHD_Connection *mhd)
{
	const char *field = NULL, *comma;

	MHD_get_connection_values(mhd, MHD_HEADER_KIND, keep_last, &field);
	comma = field == NULL ? NULL : strrchr(field, ',');
	return field == NULL ? NULL : g_strstrip(g_strdup(comma == NULL ? field : comma + 1));
}

char *
client_network(struct MHD_Connection *mhd, const struct proxies *proxies)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info == NULL ? NULL : info->client_addr;
	g_autofree char *forwarded = NULL;
	struct address client;

	if (is_proxy(proxies, peer))
		forwarded = forwarded_for(mhd);
	if (forwarded == NULL ? address_of_peer(&client, peer) : address_parse(&client, forwarded))
		return network_of(&client);
	return g_strdup("unknown");
}
