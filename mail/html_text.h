/*
 * The text that a reader sees of HTML: without tags, scripts, styles, comments and the title, with
 * references replaced; white space is collapsed, and blocks stand on lines of their own, cells
 * behind tabs, as innerText has it. No tree is made (html_tokens.h), so that time grows with the
 * length alone, and memory hardly.
 *
 * Mail programs differ. The wide view has all that any of them may show: hidden elements, what is
 * for Outlook alone and, on lines of their own, what attributes say (alt, title, value,
 * placeholder). The narrow view is what most show. Where `differs` is set after the wide view,
 * something hidden may stand within a word: the narrow one is another text.
 */
#ifndef POSTSEAL_MAIL_HTML_TEXT_H
#define POSTSEAL_MAIL_HTML_TEXT_H

#include "mail/html_tokens.h"

enum html_view { HTML_WIDE, HTML_NARROW };

struct html_text {
	struct html_tokens tokens;
	enum html_view view;
	bool differs;
	bool is_hiding;	       /* the tag being read hides its element */
	unsigned preformatted; /* depth in pre and its like */
	unsigned hidden;       /* depth in elements named: */
	char hidden_by[HTML_NAME_MAX + 1];
	char blank; /* that comes before the next letter: ' ', '\t', '\n', or 0 */
	bool has_begun;
	GString *aside, *text;
};

void html_text_init(struct html_text *html, enum html_view view);
void html_text_clear(struct html_text *html);
/* Appends to `text` what the next bytes, in a superset of ASCII, say. */
void html_text_step(struct html_text *html, const char *data, size_t length, GString *text);
void html_text_end(struct html_text *html, GString *text);

#endif
