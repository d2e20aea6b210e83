/*
 * Netstrings, in which socketmap_table(5) wraps requests and replies: "12:hello world!," is a
 * length in decimal digits, a colon, that many bytes, and a comma (cr.yp.to/proto/netstrings.txt).
 */
#ifndef POSTSEAL_MILTER_NETSTRING_H
#define POSTSEAL_MILTER_NETSTRING_H

#include <glib.h>
#include <stdbool.h>

/* Takes one out of the beginning of what was said. *text_r is NULL while it is incomplete; caller
 * frees. False if it is malformed, as when its length has a leading zero, if it has more than
 * `most` bytes, or if it contains a NUL: requests are text. */
bool netstring_take(GString *said, size_t most, char **text_r);
/* Caller frees. */
char *netstring_of(const char *text);

#endif
