/*
 * The DNS of the address's domain, with DNSSEC: OPENPGPKEY (RFC 7929) and SMIMEA (RFC 8162). The
 * domain says which key is whose.
 */
#include "core/address.h"
#include "keystore/source/source.h"

/* The first three bytes of SMIMEA, as of TLSA (RFC 6698 §2.1). */
enum {
	USAGE_PKIX_EE = 1, /* this certificate, which needs a chain besides */
	USAGE_DANE_EE = 3, /* this certificate */
	SELECTOR_WHOLE = 0,
	MATCHING_EXACT = 0,
	HEAD = 3,
};

/* Digests, public keys alone and certificates of authorities cannot be encrypted to. */
static bool
take_certificate(GBytes *item, struct found_item *item_r)
{
	gsize length;
	const unsigned char *data = g_bytes_get_data(item, &length);

	if (length <= HEAD || (data[0] != USAGE_PKIX_EE && data[0] != USAGE_DANE_EE) ||
	    data[1] != SELECTOR_WHOLE || data[2] != MATCHING_EXACT)
		return false;
	*item_r = (struct found_item){.bytes = g_bytes_new_from_bytes(item, HEAD, length - HEAD),
				      .is_pinned = data[0] == USAGE_DANE_EE};
	return true;
}

static bool
take(GBytes *item, enum key_kind kind, struct found_item *item_r)
{
	if (kind == KEY_SMIME)
		return take_certificate(item, item_r);
	*item_r = (struct found_item){.bytes = g_bytes_ref(item)};
	return true;
}

const struct key_source key_source_dane = {
	.name = "dane",
	.find = key_source_found,
	.wishes = {[KEY_SMIME] = FINDER_SMIMEA, [KEY_PGP] = FINDER_OPENPGPKEY},
	.take = take,
	.author = address_domain,
};
