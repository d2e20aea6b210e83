/*
 * How much work a file makes of its password. Whoever made it has chosen how often the password is
 * hashed (PKCS#12, RFC 7292; PKCS#8 with PBES1, PBES2, RFC 8018; scrypt, RFC 7914), up to hours.
 */
#ifndef POSTSEAL_KEYSTORE_PASSWORD_WORK_H
#define POSTSEAL_KEYSTORE_PASSWORD_WORK_H

#include <openssl/pkcs12.h>
#include <stdbool.h>

enum { PASSWORD_WORK_MAX = 20 * 1000 * 1000 }; /* hashes: about ten seconds */

/* Is it no more than that to find out whether the password is right, and to decrypt what is not
 * within something else that is encrypted? */
bool password_work_is_bearable(PKCS12 *bundle);
/* With the right password: also what is within. */
bool password_work_within_is_bearable(PKCS12 *bundle, const char *password);
/* An EncryptedPrivateKeyInfo (RFC 5958 §3). True if it is none. */
bool password_work_of_key_is_bearable(const unsigned char *der, size_t length);

#endif
