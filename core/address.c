#include "core/address.h"

#include <glib.h>
#include <string.h>

enum { ADDRESS_MAX = 320, DOMAIN_MAX = 253 };

/* GLib's IDNA writes past its memory when the bytes are not UTF-8, and takes no name longer than
 * a domain may be (RFC 1035 §2.3.4). */
static bool
is_international(const char *domain)
{
	return !g_str_is_ascii(domain) && g_utf8_validate(domain, -1, NULL) && strlen(domain) <= DOMAIN_MAX;
}

static char *
fold_domain(const char *domain)
{
	g_autofree char *ascii = is_international(domain) ? g_hostname_to_ascii(domain) : NULL;

	return g_ascii_strdown(ascii != NULL ? ascii : domain, -1);
}

char *
address_fold(const char *address)
{
	size_t length = strlen(address);
	g_autofree char *bare = NULL, *local = NULL, *folded = NULL, *domain = NULL;
	const char *at;

	if (length >= 2 && address[0] == '<' && address[length - 1] == '>')
		bare = g_strndup(address + 1, length - 2);
	else
		bare = g_strdup(address);
	at = strrchr(bare, '@');
	if (at == NULL)
		return fold_domain(bare);
	local = g_strndup(bare, (gsize)(at - bare));
	folded = g_utf8_validate(local, -1, NULL) ? g_utf8_strdown(local, -1)
						  : g_ascii_strdown(local, -1);
	domain = fold_domain(at + 1);
	return g_strconcat(folded, "@", domain, NULL);
}

const char *
address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at == NULL ? "" : at + 1;
}

bool
address_is_valid(const char *address)
{
	const char *at = strrchr(address, '@');

	if (at == NULL || at == address || at[1] == '\0' || strlen(address) > ADDRESS_MAX)
		return false;
	for (const char *c = address; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}
