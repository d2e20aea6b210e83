#include "keystore/gateway.h"

#include <glib.h>
#include <string.h>

#include "core/address.h"

#define LOCAL_PART "domain-confidentiality-authority@"

bool
gateway_is(const char *address)
{
	return g_str_has_prefix(address, LOCAL_PART);
}

char *
gateway_of(char *const *domains, const char *address)
{
	const char *domain = address_domain(address);

	if (domains == NULL || gateway_is(address))
		return NULL;
	for (; domain != NULL; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		if (g_strv_contains((const char *const *)domains, domain))
			return g_strconcat(LOCAL_PART, domain, NULL);
	}
	return NULL;
}
