/*
 * The format "rtf" of postseal-reader: the text of a document in the Rich Text Format (Microsoft,
 * version 1.9.1), as its reader sees it. A paragraph with hidden or deleted text is shown twice,
 * with that text and without. What stands in destinations of its own (notes, headers, information,
 * the instructions of fields) is shown on lines of its own; pictures and tables of fonts, colours
 * and styles have no text. Embedded objects are opaque.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_RTF_TEXT_H
#define POSTSEAL_MAIL_DOCUMENT_RTF_TEXT_H

#include <glib.h>

void rtf_text_read(const char *document, size_t length, GString *answer);

#endif
