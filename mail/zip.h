/*
 * The names in a ZIP archive (APPNOTE.TXT 6.3.10), found without unpacking anything: each record
 * that names a file is found where it is, even if the directory at the end omits it.
 */
#ifndef POSTSEAL_MAIL_ZIP_H
#define POSTSEAL_MAIL_ZIP_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "mail/reading_limit.h"

/* Is the mark that begins the end of an archive (4.3.16) in these bytes? */
bool zip_end_is_in(const char *bytes, size_t length);

/* Does the file begin as an archive, or contain the end of one (4.3.16), as a self-extracting
 * program does? Reads to the end, like zip_each(). */
bool zip_is_within(GMimeStream *file);

/* `name` is UTF-8. A record with a Unicode path (4.6.9) is visited with each of its names. Returns
 * false to stop. */
typedef bool zip_visit(void *visitor, const char *name, bool is_encrypted);

/* Reads to the end, or to the limit, of which only names take something that begin within another
 * name: no archive needs such, and each could reach over thousands that follow. A failed read looks
 * like an end, so ask the stream afterwards (mime_stream.h). */
void zip_each(GMimeStream *archive, struct reading_limit *limit, zip_visit *visit, void *visitor);

#endif
