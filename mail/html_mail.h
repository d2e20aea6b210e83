/*
 * HTML mail made harmless: parsed as browsers do (HTML5, by gumbo) and built anew from an
 * allow-list of elements, attributes and styles. Nothing that was not allowed by name is in the
 * result: no script, form, frame, foreign content (SVG, MathML), comment, or address that would be
 * loaded. It is shown in a sandboxed frame under its own Content-Security-Policy: the second wall.
 */
#ifndef POSTSEAL_MAIL_HTML_MAIL_H
#define POSTSEAL_MAIL_HTML_MAIL_H

#include <glib.h>
#include <stdbool.h>

enum { HTML_MAIL_MAX = 1024 * 1024 }; /* bytes of HTML that is looked at */

/* The image that the HTML means by cid:NAME as its bytes and type; false: there is none. */
struct html_mail_images {
	bool (*find)(void *context, const char *cid, GBytes **bytes_r, const char **type_r);
	void *context;
};

/* A whole document; the caller's. NULL for what is too elaborate to be shown; *left_out_r: pictures
 * from elsewhere were left out. */
char *html_mail_clean(const char *html, size_t length, const struct html_mail_images *images,
		      const char *language, bool *left_out_r);
/* Its text alone; the caller's. */
char *html_mail_text(const char *html, size_t length);

#endif
