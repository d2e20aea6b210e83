/*
 * A mail address as the envelope carries it (RFC 5321 §4.1.2, RFC 6531): local part,
 * "@", domain. The key for comparisons is the whole address in lower case with the
 * domain in its ASCII form (RFC 5891): what mail systems do in practice, though RFC 5321
 * leaves the case of the local part to its owner.
 */
#ifndef POSTSEAL_CORE_ADDRESS_H
#define POSTSEAL_CORE_ADDRESS_H

#include <stdbool.h>

/* The address without angle brackets, folded as above; a text without "@" is taken for a
 * domain. Owned by the caller. */
char *address_fold(const char *address);
/* What follows the last "@", or "" where there is none; points into `address`. */
const char *address_domain(const char *address);
/* Has a local part and a domain, no control character, at most 320 bytes. */
bool address_is_valid(const char *address);

#endif
