/*
 * Entities within a part that GMime does not parse: an attached message with a transfer encoding,
 * which RFC 2046 §5.2.1 forbids and mail programs show all the same, a message attached as a file
 * (.eml), and the signed content of a CMS structure (RFC 8551 §3.5.2).
 */
#ifndef POSTSEAL_MAIL_INNER_H
#define POSTSEAL_MAIL_INNER_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Could the part contain one? `names` are those of the part (file_names.h). */
bool inner_is_likely(GMimeObject *part, const GPtrArray *names);
/* Parses the entity, in memory. NULL if there is none, if its headers are not clear
 * (header_shape.h), or if it has more than *budget bytes; its size is deducted from *budget. Caller
 * unrefs. */
GMimeObject *inner_parse(GMimePart *part, const GPtrArray *names, size_t *budget);

#endif
