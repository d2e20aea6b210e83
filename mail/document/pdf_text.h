/*
 * The format "pdf" of postseal-reader: the text of a PDF document (ISO 32000-2), by poppler: of its
 * pages, including what is invisible or in forms, of its notes, outline and properties. Tells the
 * files that are attached to it. A document that needs a password, has scripts, or has text in a
 * character set that is not embedded (ISO 32000-2, 9.7.5.2) is opaque.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PDF_TEXT_H
#define POSTSEAL_MAIL_DOCUMENT_PDF_TEXT_H

#include <glib.h>
#include <stdbool.h>

/* Lets the library load what it needs from files, before the process gives them up. False: it does
 * not work. */
bool pdf_text_start(void);
void pdf_text_read(const char *document, size_t length, GString *answer);

#endif
