/*
 * HTML mail for those who show it: postseal-reader(8) rebuilds it from an allow-list
 * (html_mail.h), and what it answers is made a document here. It is shown in a sandboxed frame
 * under its own Content-Security-Policy: the second wall, that a reader which was taken over by a
 * document meets too.
 */
#ifndef POSTSEAL_MAIL_HTML_H
#define POSTSEAL_MAIL_HTML_H

#include <stdbool.h>

#include "core/reader/reader.h"

enum { HTML_MAX = 1024 * 1024 }; /* bytes of HTML that are looked at */

#define HTML_FORMAT "html" /* of postseal-reader, for whoever checks that it is there */

/* The picture that the HTML means by cid:NAME as its bytes and type; false: there is none. */
struct html_pictures {
	bool (*find)(void *context, const char *cid, GBytes **bytes_r, const char **type_r);
	void *context;
};

/* A piece of a mail, of which several may be shown one after the other. */
struct html_piece {
	char *text; /* UTF-8 */
	bool is_html;
	bool is_cut; /* there was more of it */
};

/* A whole document; caller frees. Its first line says what was left out, if anything was: pictures
 * from elsewhere, active content, forms, what is too long. NULL with `fault` filled where it cannot
 * be shown. */
char *html_document(struct reader *reader, const struct html_piece *pieces, size_t count,
		    const struct html_pictures *pictures, const char *language,
		    struct fault *fault);
/* Its text alone; caller frees. NULL with `fault` filled. */
char *html_text(struct reader *reader, const char *html, size_t length, struct fault *fault);

#endif
