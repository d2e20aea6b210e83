/*
 * What an X.509 certificate says about mail (RFC 8550).
 */
#ifndef POSTSEAL_KEYSTORE_CERTIFICATE_H
#define POSTSEAL_KEYSTORE_CERTIFICATE_H

#include "core/database.h"
#include "keystore/key.h"

/* The DER form in a column; caller frees. NULL if there is none, or if it cannot be read. */
X509 *certificate_in_row(const PGresult *result, int row, int column);

/* SHA-256 over the DER form, lower-case hexadecimal; caller frees. */
char *certificate_fingerprint(X509 *certificate);
/* The subject on one line; caller frees. */
char *certificate_owner(X509 *certificate);
/* Folded addresses (char *): rfc822Name, SmtpUTF8Mailbox (RFC 9598), and emailAddress in
 * the subject. */
GPtrArray *certificate_addresses(X509 *certificate);
/* Why mail can never be encrypted to the certificate and why it can never sign, each with the
 * clause that says so (algorithm, strength, signature, key usage, extended key usage); NULL if it
 * can. Caller frees. Each certificate of a split pair has one of the two reasons (RFC 8550 §4.4.2).
 */
void certificate_uses(X509 *certificate, char **cannot_encrypt_r, char **cannot_sign_r);
/* True if there is no extended key usage, or one that includes mail or any purpose (RFC 8550
 * §4.4.4). */
bool certificate_allows_mail(X509 *certificate);
/* Do the issuer's name constraints, if it has any, permit the names in the certificate, which must
 * be signed (RFC 5280 §4.2.1.10)? */
bool certificate_obeys(X509 *certificate, X509 *issuer);
/* From the smimeCapabilities extension (RFC 4262). */
void certificate_capabilities(X509 *certificate, bool *gcm_r, bool *oaep_r);
/* From the DER of SMIMECapabilities (RFC 8551 §2.5.2). */
void certificate_announced(const ASN1_STRING *capabilities, bool *gcm_r, bool *oaep_r);
/* Caller frees. */
GBytes *certificate_der(X509 *certificate);
/* Never 0, which elsewhere means that there is no limit: a time that cannot be read is long past.
 */
time_t certificate_time(const ASN1_TIME *time);

#endif
