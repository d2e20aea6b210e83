/*
 * Where a certificate says that its issuer tells of revocations: CRL distribution points (RFC 5280
 * §4.2.1.13) and OCSP responders (§4.2.2.1). Only what can be asked by HTTP counts, and only
 * complete CRLs of the issuer.
 */
#ifndef POSTSEAL_KEYSTORE_DISTRIBUTION_H
#define POSTSEAL_KEYSTORE_DISTRIBUTION_H

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* NULL: it names none; caller frees. */
char *distribution_crl(X509 *certificate);
char *distribution_ocsp(X509 *certificate);
/* Is there any of the two? */
bool distribution_is_named(X509 *certificate);
/* An OCSP request about the certificate, with a nonce; NULL if it cannot be made. */
GBytes *distribution_request(X509 *certificate, X509 *issuer);

#endif
