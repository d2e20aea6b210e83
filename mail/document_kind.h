/*
 * Documents whose text postseal-reader finds, recognised by how they begin or end, whatever their
 * name and type say. A file can be of several kinds at once.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_KIND_H
#define POSTSEAL_MAIL_DOCUMENT_KIND_H

#include <glib.h>
#include <stdbool.h>

enum document_kind {
	DOCUMENT_ZIP = 1, /* also office documents: OOXML, OpenDocument */
	DOCUMENT_RTF = 2,
	DOCUMENT_PDF = 4,
	DOCUMENT_TNEF = 8, /* winmail.dat */
};

enum {
	DOCUMENT_BEGINNING = 2048,  /* bytes that are enough to recognise one */
	DOCUMENT_END = 22 + 65535,  /* the end of a ZIP archive with its comment */
	DOCUMENT_LIKE_TEXT = 32768, /* bytes that tell whether it is like text */
};

/* By the first bytes of a file. */
unsigned document_kinds_by_beginning(const char *bytes, size_t length);
/* .doc, .xls, .ppt (MS-CFB 2.2), whose text it does not find. */
bool document_is_old_office(const char *beginning, size_t length);
/* What has text that it does not find, those included, worded to follow "the part": "is a database
 * (SQLite)". NULL: none that is known. */
const char *document_unread(const char *beginning, size_t length);
/* By its last bytes: an archive may have a program in front of it that unpacks it. */
unsigned document_kinds_by_end(const char *bytes, size_t length);

/* Is there no byte that never occurs in text (WHATWG MIME Sniffing 7)? */
bool document_is_text(const char *beginning, size_t length);
/* Are there only few, in the first bytes or in all of DOCUMENT_LIKE_TEXT, as far as the file has
 * so many? Programs that open a file by its name show it nevertheless. */
bool document_is_like_text(const char *beginning, size_t length);

/* A whole file, to tell whether it is mostly text, however it begins. */
struct document_bytes {
	size_t shown, all; /* characters of ASCII, bytes */
};
void document_count(struct document_bytes *bytes, const char *piece, size_t length);
bool document_is_mostly_text(const struct document_bytes *bytes);

#endif
