/*
 * Headers of parts that are none: a line without a colon, a line of blanks, a CR alone or a NUL
 * ends the header for some programs and not for others, so that one sees fields where another sees
 * text.
 */
#ifndef POSTSEAL_MAIL_HEADER_SHAPE_H
#define POSTSEAL_MAIL_HEADER_SHAPE_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Does every header in it, of parts and of attached messages, consist of fields alone (RFC 5322
 * §2.2)? `stream` is what GMime parsed. A failed read looks like an end: ask the stream
 * (mime_stream.h). */
bool headers_are_clear(GMimeObject *root, GMimeStream *stream);

#endif
