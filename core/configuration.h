/*
 * postseal.conf(5) as text: lines of words, each word with its place in the file. What a line means
 * is up to its readers: the settings (core/settings.h) or the rules (policy/). So a program that
 * needs only the settings does not fail because of a rule.
 *
 * A line ends where the line of text ends, unless a brace is open or the next line begins with a
 * blank.
 */
#ifndef POSTSEAL_CORE_CONFIGURATION_H
#define POSTSEAL_CORE_CONFIGURATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct place {
	unsigned line, column; /* counted from 1; columns count characters */
	size_t begin, end;     /* bytes from the start of the file */
};

enum token_kind {
	TOKEN_END, /* the last token of each line */
	TOKEN_WORD,
	TOKEN_STRING, /* `text` is without its quotes */
	TOKEN_TABLE,  /* <name>; `text` is the name */
	TOKEN_NUMBER,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_OPEN_GROUP, /* parentheses */
	TOKEN_CLOSE_GROUP,
	TOKEN_UNKNOWN, /* a character that has no meaning */
	TOKEN_BROKEN,  /* `text` says what was found, such as a text without a closing quote */
};

struct token {
	enum token_kind kind;
	struct place place;
	char *text; /* NULL for tokens that have none */
	uint64_t number;
};

struct configuration_line {
	GArray *tokens; /* struct token; at least one and the end */
	bool is_rule;	/* a table or a rule, not settings */
};

struct configuration {
	char *path;
	char *text; /* `length` bytes and a NUL */
	size_t length;
	GPtrArray *lines; /* struct configuration_line */
	struct place end;
};

/* Reads the file. NULL if that fails, with a sentence (char *) added to `errors`. Errors within a
 * line are left to those who read the line. */
struct configuration *configuration_read(const char *path, GPtrArray *errors);
void configuration_free(struct configuration *configuration);
typedef struct configuration configuration_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(configuration_auto, configuration_free)

/* Adds "path:line:column: " and the sentence. */
void configuration_complain(const struct configuration *configuration, GPtrArray *complaints,
			    const struct place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Logs each of the complaints as an error. */
void configuration_log(const GPtrArray *errors);

/* The token as it is shown in messages; caller frees. */
char *configuration_show(const struct configuration *configuration, const struct token *token);

/* What a word after a number means. */
enum unit { UNIT_NONE, UNIT_BYTES, UNIT_SECONDS };
enum unit unit_find(const char *word, uint64_t *factor_r);

/* number * factor; false if that is more than PostgreSQL can store. */
bool unit_multiply(uint64_t number, uint64_t factor, uint64_t *product_r);

#endif
