/*
 * The tokenizer of the HTML standard (13.2.5), without a tree: text with its character references
 * replaced, tags, attributes. It accepts bytes in any superset of ASCII, in pieces of any size,
 * keeps a tag and one of its values at most, and looks at each byte once.
 *
 * What depends on the tree is decided from tags alone: the content of script, style and similar
 * elements is not markup, except inside svg and math.
 */
#ifndef POSTSEAL_MAIL_HTML_TOKENS_H
#define POSTSEAL_MAIL_HTML_TOKENS_H

#include <glib.h>
#include <stdbool.h>

enum { HTML_NAME_MAX = 16, HTML_VALUE_MAX = 65536, HTML_HELD_MAX = 40 };

/* Callbacks for the tokens. Names are in lower case, or "" if longer than HTML_NAME_MAX; values are
 * cut off at HTML_VALUE_MAX bytes. The attributes of a tag are reported before the tag. `within` is
 * the element whose content is not markup, if the text is in one, otherwise "". */
struct html_reader {
	void (*text)(void *context, const char *within, const char *text, size_t length);
	void (*attribute)(void *context, const char *name, const char *value);
	void (*tag)(void *context, const char *name, bool is_end);
	/* A comment that Outlook interprets: "<!--[if mso]>". Returns true to have its content
	 * tokenized. May be NULL. */
	bool (*conditional)(void *context);
};

struct html_tokens {
	const struct html_reader *reader;
	void *context;
	int state, return_state;
	bool is_end_tag;
	char name[HTML_NAME_MAX + 1]; /* of the tag */
	size_t name_length;
	char attribute[HTML_NAME_MAX + 1];
	size_t attribute_length;
	GString *value;
	char within[HTML_NAME_MAX + 1];
	char held[HTML_HELD_MAX + 1]; /* bytes whose meaning is not decided yet */
	size_t held_length;
	guint32 number; /* of a numeric character reference */
	unsigned digits;
	int script;	  /* nesting depth of what looks like comments within a script */
	unsigned foreign; /* nesting depth in svg and math */
};

void html_tokens_init(struct html_tokens *tokens, const struct html_reader *reader, void *context);
void html_tokens_clear(struct html_tokens *tokens);
void html_tokens_step(struct html_tokens *tokens, const char *data, size_t length);
void html_tokens_end(struct html_tokens *tokens);
/* Is the next byte text, unless it begins a tag, a comment or a reference? */
bool html_tokens_are_in_text(const struct html_tokens *tokens);

#endif
