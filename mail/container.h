/*
 * Files that hold other files, or compressed text, and that Postseal does not unpack. They are
 * recognised by how they begin or end, whatever their name and type say.
 */
#ifndef POSTSEAL_MAIL_CONTAINER_H
#define POSTSEAL_MAIL_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a file that are enough to recognise it: the volume descriptors of a disc image are at 32
 * kB. */
enum { CONTAINER_BEGINNING = 40 * 1024, CONTAINER_END = 512 };

/* What the file is, worded to follow "the part": "is an archive (7z)". NULL: none that is known. */
const char *container_by_beginning(const char *bytes, size_t length);
/* The same for the last bytes of a file. */
const char *container_by_end(const char *bytes, size_t length);
/* A message in MIME, with something behind its header: does it have text that only those see who
 * decode it? */
bool container_is_message(const char *bytes, size_t length);

#endif
