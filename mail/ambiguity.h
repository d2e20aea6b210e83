/*
 * MIME that mail programs read in different ways: what one of them shows may be hidden from
 * another, and from whoever looks into the message on its way.
 */
#ifndef POSTSEAL_MAIL_AMBIGUITY_H
#define POSTSEAL_MAIL_AMBIGUITY_H

#include <gmime/gmime.h>

/* Why programs differ about a part or multipart, to follow "the part": "has two Content-Type
 * fields". NULL: they do not. Reads the encoded content to its end, where a failed read looks like
 * an end: ask the stream (mime_stream.h). */
const char *ambiguity_of(GMimeObject *part);

#endif
