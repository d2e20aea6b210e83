/* Short texts from outside: addresses, unlock codes, links, identifiers. */
#include <stdint.h>
#include <string.h>

#include "core/address.h"
#include "core/identifier.h"
#include "delivery/parcel/unlock_code.h"
#include "delivery/parcel/parcel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *folded = address_fold(text);
	unsigned char hash[SEAL_DIGEST_BYTES];
	struct identifier identifier;
	struct code code, again;

	if (address_is_valid(text) && strchr(address_domain(text), '@') != NULL)
		abort();
	if (folded == NULL)
		abort();
	if (code_read(&code, text) && (!code_read(&again, code.shown) || strcmp(code.symbols, again.symbols) != 0))
		abort();
	parcel_link_hash(text, hash);
	identifier_parse(&identifier, text);
	return 0;
}
