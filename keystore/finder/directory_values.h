/*
 * The certificates in an attribute of a directory's entry: userCertificate is one (RFC 4523 §4.1),
 * userSMIMECertificate a SignedData with one or more (RFC 2798 §2.8).
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_DIRECTORY_VALUES_H
#define POSTSEAL_KEYSTORE_FINDER_DIRECTORY_VALUES_H

#include <glib.h>

/* Adds GBytes, each only once: as it is, or DER of the certificates in a SignedData. */
void directory_values_add(GPtrArray *items, GBytes *value);
void directory_values_add_signed_data(GPtrArray *items, GBytes *value);

#endif
