/*
 * How many digests a SignedData structure names before its content (RFC 5652 §5.1). OpenSSL hashes
 * the content with each of them, used or not, so that a structure of some kilobytes could keep it
 * busy for hours.
 */
#ifndef POSTSEAL_MAIL_CMS_DIGESTS_H
#define POSTSEAL_MAIL_CMS_DIGESTS_H

#include <stdbool.h>
#include <stddef.h>

/* False if there are more than a few dozen, or if the bytes are no such structure. */
bool cms_digests_are_few(const unsigned char *ber, size_t length);

#endif
