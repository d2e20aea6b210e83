/* Bytes as text for links and forms: base64url without padding (RFC 4648 §5). */
#ifndef POSTSEAL_PORTAL_WEB_BASE64URL_H
#define POSTSEAL_PORTAL_WEB_BASE64URL_H

#include <glib.h>

char *base64url_text(const void *bytes, size_t length); /* caller frees */
GBytes *base64url_bytes(const char *text); /* empty if it is not base64url; caller unrefs */

#endif
