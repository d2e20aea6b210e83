/*
 * RecipientInfo (RFC 5652 §6.2): for whom an S/MIME message is encrypted, and the content key that
 * the recipient's private key opens.
 */
#ifndef POSTSEAL_DELIVERY_INBOUND_RECIPIENT_INFO_H
#define POSTSEAL_DELIVERY_INBOUND_RECIPIENT_INFO_H

#include <glib.h>
#include <openssl/x509.h>

#include "keystore/keeper.h"

struct recipient_info;

/* From BER; NULL if it cannot be read. Caller frees. */
struct recipient_info *recipient_info_read(GBytes *ber);
void recipient_info_free(struct recipient_info *info);

/* If it is for this certificate, which it names by issuer and serial number or by the subject key
 * identifier: what the keeper needs to open the key, of `key_length` bytes. RSA (PKCS#1 v1.5,
 * OAEP; RFC 3370, RFC 3560) and EC with AES key wrap (RFC 5753). False: it is not, or it uses an
 * algorithm that is not known here, or that the certificate's key is not for. */
bool recipient_info_for(const struct recipient_info *info, X509 *certificate, size_t key_length,
			struct keeper_wrapped *wrapped_r);

#endif
