/*
 * HTML mail made harmless: parsed as browsers do (HTML5, by gumbo) and rebuilt from an allow-list
 * of elements, attributes and styles (css_declarations.h). The result contains nothing that was not
 * allowed by name: no script, form, frame, foreign content (SVG, MathML) or comment, and no URL
 * that would be loaded. Only postseal-reader contains this code; other programs ask postseal-reader
 * (mail/html.h).
 *
 * Both functions fill an answer, or end the process with reader_refuse() if the document is nested
 * too deeply or needs too much work (core/reader/serve.h).
 */
#ifndef POSTSEAL_MAIL_HTML_MAIL_H
#define POSTSEAL_MAIL_HTML_MAIL_H

#include <glib.h>

/* Attributes of each link in a mail: it opens a page of its own, which does not hear where it was.
 */
#define HTML_MAIL_LINK " target=\"_blank\" rel=\"noopener noreferrer nofollow\""

/* The answer begins with HTML_MAIL_WHOLE plus the flags for what was left out; then follow the
 * document type, by which browsers choose how they lay out, up to the end of the line (nothing: the
 * mail has none), and a div of class "mail" with the mail's style sheet, which holds within it
 * alone (css_sheet.h), and an element for the mail's body. A picture that comes with the mail
 * appears as ` src="cid:NAME"`, with its name percent-encoded; nothing else in the answer looks
 * like this. */
enum {
	HTML_MAIL_WHOLE = '@',
	HTML_MAIL_PICTURES = 1, /* remote ones */
	HTML_MAIL_ACTIVE = 2,	/* scripts, frames, videos and the like */
	HTML_MAIL_FORMS = 4,	/* input fields and buttons */
};
void html_mail_clean(const char *html, size_t length, GString *answer);
/* Only the text. */
void html_mail_text(const char *html, size_t length, GString *answer);

#endif
