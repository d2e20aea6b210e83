/*
 * The text of HTML as a reader sees it: without tags, scripts, styles, comments and the title, and
 * with references replaced. White space is collapsed; blocks are on lines of their own and cells
 * are separated by tabs, as in innerText. No tree is built (html_tokens.h), so time grows only with
 * the length, and memory hardly at all.
 *
 * Mail programs differ. The wide view contains everything that any of them may show: hidden
 * elements, what is meant only for Outlook and, on lines of their own, the texts in attributes
 * (alt, title, value, placeholder). The narrow view is what most of them show. If `differs` is set
 * after the wide view, something hidden may interrupt a word, so the narrow view is a different
 * text.
 *
 * Where the direction of characters is overridden, by bdo or CSS, the text has the characters of
 * Unicode that mean the same (visual_order.h).
 */
#ifndef POSTSEAL_MAIL_HTML_TEXT_H
#define POSTSEAL_MAIL_HTML_TEXT_H

#include "mail/html_tokens.h"

enum html_view { HTML_WIDE, HTML_NARROW };

enum html_direction { HTML_UNSAID, HTML_TO_RIGHT, HTML_TO_LEFT };

enum { HTML_OVERRIDES_MAX = 32 };

/* An open element that overrides the direction, and how many of the same name are open within. */
struct html_override {
	char name[HTML_NAME_MAX + 1];
	unsigned depth;
	enum html_direction direction;
};

struct html_text {
	struct html_tokens tokens;
	enum html_view view;
	bool differs;
	bool is_hiding;				       /* the tag being read hides its element */
	bool is_overriding;			       /* it overrides the direction */
	enum html_direction direction, last_direction; /* that it says; that any said before */
	struct html_override overrides[HTML_OVERRIDES_MAX];
	unsigned overrides_count;
	unsigned preformatted; /* nesting depth in pre and similar elements */
	unsigned hidden;       /* nesting depth in elements with this name: */
	char hidden_by[HTML_NAME_MAX + 1];
	char blank; /* to be written before the next letter: ' ', '\t', '\n', or 0 */
	bool has_begun;
	GString *aside, *text;
};

void html_text_init(struct html_text *html, enum html_view view);
void html_text_clear(struct html_text *html);
/* Appends to `text` what the next bytes, in a superset of ASCII, contribute. */
void html_text_step(struct html_text *html, const char *data, size_t length, GString *text);
void html_text_end(struct html_text *html, GString *text);

#endif
