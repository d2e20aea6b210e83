/*
 * The authenticator data of WebAuthn (Level 2, §6.1), looked at before a library decodes it. Its
 * CBOR (RFC 8949) says in a head of nine bytes how many items follow, and a decoder that believes
 * the head allocates memory for all of them.
 */
#ifndef POSTSEAL_PORTAL_AUTHENTICATOR_DATA_H
#define POSTSEAL_PORTAL_AUTHENTICATOR_DATA_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `bytes` are whole and no array or map in them claims more items than keys and extensions
 * have. */
bool authenticator_data_is_modest(const unsigned char *bytes, size_t length);

#endif
