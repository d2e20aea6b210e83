/*
 * The tokenizer of the HTML standard (13.2.5), without a tree: text with its character references
 * replaced, tags, attributes. It takes bytes of any superset of ASCII, in pieces of any size, keeps
 * a few hundred of them, and looks at each once.
 *
 * What depends on the tree is answered from tags alone: the content of script, style and their like
 * is no markup, except within svg and math.
 */
#ifndef POSTSEAL_MAIL_HTML_TOKENS_H
#define POSTSEAL_MAIL_HTML_TOKENS_H

#include <glib.h>
#include <stdbool.h>

enum { HTML_NAME_MAX = 16, HTML_VALUE_MAX = 1024, HTML_HELD_MAX = 40 };

/* What is done with tokens. Names are in lower case, "" where they are longer than HTML_NAME_MAX;
 * values are cut off at HTML_VALUE_MAX bytes. The attributes of a tag come before it. `within` is
 * the element that text which is no markup stands in, else "". */
struct html_reader {
	void (*text)(void *context, const char *within, const char *text, size_t length);
	void (*attribute)(void *context, const char *name, const char *value);
	void (*tag)(void *context, const char *name, bool is_end);
	/* A comment that Outlook reads: "<!--[if mso]>". True: what is in it is read. May be NULL.
	 */
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
	char held[HTML_HELD_MAX + 1]; /* what is not decided yet */
	size_t held_length;
	guint32 number; /* of a numeric reference */
	unsigned digits;
	int script;	  /* how deep it is in what looks like a comment in a script */
	unsigned foreign; /* depth in svg and math */
};

void html_tokens_init(struct html_tokens *tokens, const struct html_reader *reader, void *context);
void html_tokens_clear(struct html_tokens *tokens);
void html_tokens_step(struct html_tokens *tokens, const char *data, size_t length);
void html_tokens_end(struct html_tokens *tokens);
/* Is the next byte text, unless it begins a tag, a comment or a reference? */
bool html_tokens_are_in_text(const struct html_tokens *tokens);

#endif
