/*
 * HTML mail made harmless: parsed as browsers do (HTML5, by gumbo) and built anew from an
 * allow-list of elements, attributes and styles. Nothing that was not allowed by name is in the
 * result: no script, form, frame, foreign content (SVG, MathML), comment, or address that would be
 * loaded. Only postseal-reader has it; the others ask (mail/html.h).
 *
 * Both fill an answer, or end the process by reader_refuse() where the document is nested too
 * deeply or not worth the work (core/reader/serve.h).
 */
#ifndef POSTSEAL_MAIL_HTML_MAIL_H
#define POSTSEAL_MAIL_HTML_MAIL_H

#include <glib.h>

/* HTML_MAIL_WHOLE with what was left out added to it; then what goes into a body. A picture that
 * the mail has with it is ` src="cid:NAME"`, its name escaped as in addresses; nothing else in it
 * reads so. */
enum {
	HTML_MAIL_WHOLE = '@',
	HTML_MAIL_PICTURES = 1, /* from elsewhere */
	HTML_MAIL_ACTIVE = 2,	/* scripts, frames, films and the like */
	HTML_MAIL_FORMS = 4,	/* fields and buttons to fill in */
};
void html_mail_clean(const char *html, size_t length, GString *answer);
/* Its text alone. */
void html_mail_text(const char *html, size_t length, GString *answer);

#endif
