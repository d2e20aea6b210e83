/*
 * Fonts that a PDF names and does not contain. poppler opens the file of a similar font while it
 * paints, when the process has no files any more: so the files of the usual ones are read before.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PREVIEW_FONTS_H
#define POSTSEAL_MAIL_DOCUMENT_PREVIEW_FONTS_H

#include <glib.h>

/* Keeps the content of the file. */
void preview_fonts_keep(const char *path);
/* From now on, whoever wants another file ends the process (reader_refuse()). */
void preview_fonts_close(void);

#endif
