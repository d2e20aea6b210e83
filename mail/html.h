/*
 * HTML mail for the programs that show it: postseal-reader(8) rebuilds it from an allow-list
 * (html_mail.h), and its answer is made into a document here. The document is shown in a sandboxed
 * frame under its own Content-Security-Policy: a second wall, which also holds back a reader that
 * was taken over by a malicious document.
 */
#ifndef POSTSEAL_MAIL_HTML_H
#define POSTSEAL_MAIL_HTML_H

#include <stdbool.h>

#include "core/reader/reader.h"

enum { HTML_MAX = 1024 * 1024 }; /* bytes of HTML that are processed */

#define HTML_FORMAT "html" /* the format's name in postseal-reader, for checks that it is there */

/* Finds the bytes and type of the picture that the HTML refers to as cid:NAME; false: there is
 * none. */
struct html_pictures {
	bool (*find)(void *context, const char *cid, GBytes **bytes_r, const char **type_r);
	void *context;
};

/* One of the pieces of a mail that are shown one after another. */
struct html_piece {
	char *text; /* UTF-8 */
	bool is_html;
	bool is_cut;  /* the piece was longer than what is here */
	bool is_ours; /* markup of our own, such as a page's: it is not cleaned */
	const struct html_pictures *pictures; /* that the HTML may show; NULL: none */
};

/* Makes a whole document; caller frees. If anything was left out, the first line says what: remote
 * pictures, active content, forms, text beyond the limit. NULL with `fault` filled if it cannot be
 * shown. */
char *html_document(struct reader *reader, const struct html_piece *pieces, size_t count,
		    const char *title, const char *language, struct fault *fault);
/* The text of the HTML; caller frees. NULL with `fault` filled. */
char *html_text(struct reader *reader, const char *html, size_t length, struct fault *fault);

#endif
