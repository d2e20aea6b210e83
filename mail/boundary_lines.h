/*
 * Lines that begin with a boundary and go on. RFC 2046 §5.1.1 lets a program compare only the
 * beginning of a line, and most compare all of it: a part begins there for some and not for others.
 */
#ifndef POSTSEAL_MAIL_BOUNDARY_LINES_H
#define POSTSEAL_MAIL_BOUNDARY_LINES_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Is every line that begins with a boundary of this entity, or of one within it, that boundary and
 * nothing else? Not if one boundary begins with another. `stream` is what GMime parsed; reads it to
 * its end. A failed read looks like an end: ask the stream afterwards (mime_stream.h). */
bool boundary_lines_are_clear(GMimeObject *root, GMimeStream *stream);

#endif
