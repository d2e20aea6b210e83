/*
 * Entities within a part that GMime leaves alone: an attached message with a transfer encoding,
 * which RFC 2046 §5.2.1 forbids and mail programs show all the same, one that is attached as a file
 * (.eml), and what is signed within a CMS structure (RFC 8551 §3.5.2).
 */
#ifndef POSTSEAL_MAIL_INNER_H
#define POSTSEAL_MAIL_INNER_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* May there be one? */
bool inner_is_likely(GMimeObject *part);
/* Parses it, in memory; NULL where there is none, its headers are not clear
 * (header_shape.h), or it has more than *budget bytes, which becomes
 * what is left of it. Caller unrefs. */
GMimeObject *inner_parse(GMimePart *part, size_t *budget);

#endif
