/*
 * The Web Key Directory of the address's domain (draft-koch-openpgp-webkey-service): the domain
 * says which key is whose. A key counts only for the address it was found for.
 */
#include "core/address.h"
#include "keystore/source/source.h"

const struct key_source key_source_wkd = {
	.name = "wkd",
	.find = key_source_found,
	.wishes = {[KEY_PGP] = FINDER_WKD},
	.author = address_domain,
};
