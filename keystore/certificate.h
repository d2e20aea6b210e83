/*
 * What an X.509 certificate says about mail (RFC 8550).
 */
#ifndef POSTSEAL_KEYSTORE_CERTIFICATE_H
#define POSTSEAL_KEYSTORE_CERTIFICATE_H

#include "keystore/key.h"

/* SHA-256 over the DER form, lower-case hexadecimal; the caller's. */
char *certificate_fingerprint(X509 *certificate);
/* The subject on one line; the caller's. */
char *certificate_owner(X509 *certificate);
/* Folded addresses (char *): rfc822Name, SmtpUTF8Mailbox (RFC 9598), and emailAddress in
 * the subject. */
GPtrArray *certificate_addresses(X509 *certificate);
/* Why mail can never be sealed to it (key usage, strength, signature), or NULL. The
 * caller's. */
char *certificate_problem(X509 *certificate);
/* From the smimeCapabilities extension (RFC 4262). */
void certificate_capabilities(X509 *certificate, bool *gcm_r, bool *oaep_r);
time_t certificate_time(const ASN1_TIME *time);

#endif
