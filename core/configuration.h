/*
 * postseal.conf(5) as a text: lines of words, each word with its place in the file. What a line
 * means is said by those who read it: the settings (core/settings.h) or the rules (policy/), so
 * that a program that needs only the settings does not fail over a rule.
 *
 * A line ends where the text's does, unless a brace is open or the next line begins with a blank.
 */
#ifndef POSTSEAL_CORE_CONFIGURATION_H
#define POSTSEAL_CORE_CONFIGURATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct place {
	unsigned line, column; /* from 1; a column is a character */
	size_t begin, end;     /* bytes from the start of the file */
};

enum token_kind {
	TOKEN_END, /* of the line; the last token of each */
	TOKEN_WORD,
	TOKEN_STRING, /* `text` is without its quotes */
	TOKEN_TABLE,  /* <name>; `text` is the name */
	TOKEN_NUMBER,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_UNKNOWN, /* a character without a meaning */
	TOKEN_BROKEN,  /* `text` says what was found, such as a text without its closing quote */
};

struct token {
	enum token_kind kind;
	struct place place;
	char *text; /* NULL for those that have none */
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

/* Reads the file. NULL where that fails, with a sentence (char *) added to `errors`. What is wrong
 * within a line is left to whoever reads the line. */
struct configuration *configuration_read(const char *path, GPtrArray *errors);
void configuration_free(struct configuration *configuration);
typedef struct configuration configuration_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(configuration_auto, configuration_free)

/* Adds "path:line:column: " and the sentence. */
void configuration_complain(const struct configuration *configuration, GPtrArray *complaints,
			    const struct place *place, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Each of the complaints is an error in the log. */
void configuration_log(const GPtrArray *errors);

/* The token as a message shows it; caller frees. */
char *configuration_show(const struct configuration *configuration, const struct token *token);

/* What a word means behind a number. */
enum unit { UNIT_NONE, UNIT_BYTES, UNIT_SECONDS };
enum unit unit_find(const char *word, uint64_t *factor_r);

/* number * factor, or false where that is more than PostgreSQL can count. */
bool unit_multiply(uint64_t number, uint64_t factor, uint64_t *product_r);

#endif
