/*
 * Directories: a partner's or a public one, and the company's own for its employees. A certificate
 * in them still needs a chain to a trusted authority.
 */
#include "keystore/source/source.h"

static const char *
author(const char *address)
{
	(void)address;
	return "directory";
}

const struct key_source key_source_ldap = {
	.name = "ldap",
	.find = key_source_found,
	.wishes = {[KEY_SMIME] = FINDER_LDAP_SMIME, [KEY_PGP] = FINDER_LDAP_PGP},
	.for_employees = true,
	.author = author,
};
