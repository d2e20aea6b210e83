/*
 * Certificate and key with which mail clients are served (settings: pop certificate, pop key).
 */
#ifndef POSTSEAL_PORTAL_POP_CERTIFICATE_H
#define POSTSEAL_PORTAL_POP_CERTIFICATE_H

#include <openssl/ssl.h>

#include "core/fault.h"
#include "core/settings.h"

/* TLS 1.2 or later, with the certificate, those that lead to its authority, and the key. NULL with
 * `fault` filled; otherwise the caller frees it with SSL_CTX_free(). */
SSL_CTX *pop_certificate_read(const struct settings *settings, struct fault *fault);

/* One that can be read again while connections use it. */
struct pop_certificate;
struct pop_certificate *pop_certificate_new(const struct settings *settings, struct fault *fault);
void pop_certificate_free(struct pop_certificate *certificate);
/* If the new one cannot be read, the old one stays, and the log says so. */
void pop_certificate_reload(struct pop_certificate *certificate);
/* The caller frees it with SSL_CTX_free(). */
SSL_CTX *pop_certificate_get(struct pop_certificate *certificate);

#endif
