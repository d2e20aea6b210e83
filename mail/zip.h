/*
 * The names in a ZIP archive (APPNOTE.TXT 6.3.10), without unpacking anything: each record that
 * names a file is seen where it stands, also one that the directory at the end leaves out.
 */
#ifndef POSTSEAL_MAIL_ZIP_H
#define POSTSEAL_MAIL_ZIP_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Does it begin as an archive, or hold the end of one (4.3.16), as a program that unpacks itself
 * does? Reads to the end, as zip_each() does. */
bool zip_is_within(GMimeStream *file);

/* `name` is UTF-8. Returns false to see no more. */
typedef bool zip_visit(void *visitor, const char *name, bool is_encrypted);

/* Reads to the end, where a failed read looks like an end: ask the stream (mime_stream.h). */
void zip_each(GMimeStream *archive, zip_visit *visit, void *visitor);

#endif
