/*
 * The format "zip" of postseal-reader: archives, and the office documents that are archives of XML
 * files (ECMA-376 Part 2, OASIS ODF 1.3 Part 2). Tells the text of office documents, the names of
 * all files, and the files that may have text of their own: texts and further documents.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PACKAGE_H
#define POSTSEAL_MAIL_DOCUMENT_PACKAGE_H

#include <glib.h>

void package_read(const char *document, size_t length, GString *answer);

#endif
