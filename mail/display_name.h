/*
 * Names that stand beside an address, where people look for who writes (RFC 5322 §3.4). A stranger
 * who chooses one may not make the address look like a part of it, or move it out of sight.
 */
#ifndef POSTSEAL_MAIL_DISPLAY_NAME_H
#define POSTSEAL_MAIL_DISPLAY_NAME_H

#include <stdbool.h>

enum { DISPLAY_NAME_MAX = 80 }; /* characters */

/* May a stranger be called this? It is one short line with a letter, everything in it can be seen,
 * it suggests no address, and no mail program would decode it (RFC 2047). */
bool display_name_is_plain(const char *name);
/* Does something in it, which is UTF-8, look like an address or the beginning of one? */
bool display_name_suggests_address(const char *name);
/* Would a mail program take a part of it for an encoded word (RFC 2047 §2)? Some do so even between
 * quotes. */
bool display_name_would_be_decoded(const char *name);

#endif
