/* The format "pdf preview" of postseal-reader-preview: the first page of a PDF document, by
 * poppler.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PDF_PREVIEW_H
#define POSTSEAL_MAIL_DOCUMENT_PDF_PREVIEW_H

#include <glib.h>
#include <stdbool.h>

/* Loads what the library loads when it is used. Call before the process gives up its files. False:
 * it cannot be used. */
bool pdf_preview_start(void);
void pdf_preview_read(const char *document, size_t length, GString *answer);

#endif
