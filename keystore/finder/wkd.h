/* Where the key of an address is in its domain's Web Key Directory:
 * draft-koch-openpgp-webkey-service §3.1. */
#ifndef POSTSEAL_KEYSTORE_FINDER_WKD_H
#define POSTSEAL_KEYSTORE_FINDER_WKD_H

#include <stdbool.h>

/* The local part, with its ASCII letters in lower case, hashed: 32 characters of Z-Base-32 (RFC
 * 6189 §5.1.6). Caller frees. */
char *wkd_hash(const char *local_part);
/* The URL of the advanced or the direct method, with the local part as it is. Caller frees. */
char *wkd_url(const char *local_part, const char *domain, bool advanced);

#endif
