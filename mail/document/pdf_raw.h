/*
 * What poppler does not tell of a PDF document, seen in its bytes and in its streams of objects
 * (ISO 32000-2, 7.5.7): whether pages are cropped (14.11.2), which leaves in the document what is
 * outside, and whether there is a form that Acrobat alone shows (XFA), or a script in any action.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PDF_RAW_H
#define POSTSEAL_MAIL_DOCUMENT_PDF_RAW_H

#include <stdbool.h>
#include <stddef.h>

struct pdf_raw {
	bool has_xfa, has_scripts;
	bool crops;	   /* where it can be undone */
	bool crops_packed; /* in a stream of objects */
	bool is_cut;	   /* there is more than is looked at */
};

/* The document is followed by a NUL. */
void pdf_raw_look(const char *document, size_t length, struct pdf_raw *raw_r);
/* Makes pages as large as they were. */
void pdf_raw_uncrop(char *document, size_t length);

#endif
