#include "portal/web/client.h"

#include <glib.h>
#include <string.h>

#include "core/network.h"

struct proxies {
	GArray *networks; /* struct network */
	bool has_unix;
};

/* --- proxies --- */

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

	proxies->networks = g_array_new(FALSE, FALSE, sizeof(struct network));
	for (const char *const *text = list; *text != NULL; text++) {
		struct network proxy;

		if (strcmp(*text, "unix") == 0) {
			proxies->has_unix = true;
		} else if (network_parse(&proxy, *text)) {
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
	struct network_address address;

	if (!network_address_of(&address, peer))
		return proxies->has_unix;
	for (guint i = 0; i < proxies->networks->len; i++)
		if (network_has(&g_array_index(proxies->networks, struct network, i), &address))
			return true;
	return false;
}

/* --- clients --- */

static char *
shown(const struct network_address *client, unsigned ipv4_bits, unsigned ipv6_bits)
{
	const bool ipv4 = network_address_is_ipv4(client);
	const unsigned bits = ipv4 ? ipv4_bits : ipv6_bits;
	const struct network network = network_of(client, ipv4 ? NETWORK_MAPPED_BITS + bits : bits);
	g_autofree char *text = network_address_text(&network.first);

	return g_strdup_printf("%s/%u", text, bits);
}

static char *
shown_network(const struct network_address *client)
{
	return shown(client, 24, 64);
}

char *
client_network_of(const struct sockaddr *peer)
{
	struct network_address client;

	return network_address_of(&client, peer) ? shown_network(&client) : g_strdup("unknown");
}

char *
client_region_of(const struct sockaddr *peer)
{
	struct network_address client;

	return network_address_of(&client, peer) ? shown(&client, 16, 48) : g_strdup("unknown");
}

char *
client_network_of_text(const char *address)
{
	struct network_address client;

	return network_address_parse(&client, address) ? shown_network(&client)
						       : g_strdup("unknown");
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
	struct network_address client;

	if (is_proxy(proxies, peer))
		forwarded = forwarded_for(mhd);
	if (forwarded == NULL ? network_address_of(&client, peer)
			      : network_address_parse(&client, forwarded))
		return shown_network(&client);
	return g_strdup("unknown");
}
