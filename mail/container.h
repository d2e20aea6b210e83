/*
 * Files that hold other files, or a text in compressed form, and that nobody here unpacks: known by
 * what they begin or end with, whatever their name and type say.
 */
#ifndef POSTSEAL_MAIL_CONTAINER_H
#define POSTSEAL_MAIL_CONTAINER_H

#include <stddef.h>

/* So much of a file tells what it is: the volume descriptors of a disc stand at 32 kB. */
enum { CONTAINER_BEGINNING = 40 * 1024, CONTAINER_END = 512 };

/* What it is, to follow "the part": "is an archive (7z)". NULL: none that is known. */
const char *container_by_beginning(const char *bytes, size_t length);
/* The same, of the last bytes of a file. */
const char *container_by_end(const char *bytes, size_t length);

#endif
