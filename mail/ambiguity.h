/*
 * MIME that mail programs read in different ways: what one program shows may be hidden from
 * another, and from anyone who inspects the message on its way.
 */
#ifndef POSTSEAL_MAIL_AMBIGUITY_H
#define POSTSEAL_MAIL_AMBIGUITY_H

#include <gmime/gmime.h>

/* Why programs read a part or multipart differently, worded to follow "the part": "has two
 * Content-Type fields". NULL if they do not. Reads the encoded content to its end; a failed read
 * looks like an end, so ask the stream afterwards (mime_stream.h). */
const char *ambiguity_of(GMimeObject *part);

#endif
