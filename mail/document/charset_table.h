/*
 * Text in the character sets of older documents, converted without reading files, which iconv(3)
 * would: a process of the reader has none.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_CHARSET_TABLE_H
#define POSTSEAL_MAIL_DOCUMENT_CHARSET_TABLE_H

#include <glib.h>

/* UTF-8, from the character set of a Windows code page, such as 1252, or of the original IBM PC
 * (437), or the Macintosh (10000). An unknown one is taken for 1252; bytes that mean nothing become
 * U+FFFD. Caller frees. */
char *charset_table_convert(unsigned code_page, const char *bytes, size_t length);

#endif
