/*
 * Headers of parts that are malformed: a line without a colon, a line of blanks, a lone CR or a NUL
 * ends the header for some programs and not for others, so that one sees fields where another sees
 * text.
 */
#ifndef POSTSEAL_MAIL_HEADER_SHAPE_H
#define POSTSEAL_MAIL_HEADER_SHAPE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Does every header, of parts and of attached messages, consist only of fields (RFC 5322 §2.2)?
 * `stream` is what GMime parsed. A failed read looks like an end: ask the stream afterwards
 * (mime_stream.h). */
bool headers_are_clear(GMimeObject *root, GMimeStream *stream);

#endif
