/*
 * postseal.conf(5) as text: lines of words, each word with its place in the file. What a line means
 * is up to its readers: the settings (core/settings.h) or the rules (policy/). So a program that
 * needs only the settings does not fail because of a rule.
 *
 * A line ends where the line of text ends, unless a brace is open or the next line begins with a
 * blank. The line `include "path"` stands for the lines of other files: `path` may be a
 * pattern (glob(7)), and begins at the file that includes them unless it is absolute.
 */
#ifndef POSTSEAL_CORE_CONFIGURATION_H
#define POSTSEAL_CORE_CONFIGURATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* postseal.conf, or a file that it includes. */
struct configuration_file {
	char *path;
	char *text; /* `length` bytes and a NUL */
	size_t length;
};

struct place {
	const struct configuration_file *file;
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
	GPtrArray *files; /* struct configuration_file; the first is the one that includes the
			     others */
	GPtrArray *lines; /* struct configuration_line, in the order in which they count */
	struct place end; /* of the first file */
};

/* Reads the file and those that it includes. NULL if it cannot be read, with a sentence (char *)
 * added to `errors`; what is wrong with a line that includes files is added, too. Other errors are
 * left to those who read the lines. */
struct configuration *configuration_read(const char *path, GPtrArray *errors);
void configuration_free(struct configuration *configuration);
typedef struct configuration configuration_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(configuration_auto, configuration_free)

/* Adds "path:line:column: " and the sentence. */
void configuration_complain(GPtrArray *complaints, const struct place *place, const char *format,
			    ...) __attribute__((format(printf, 3, 4)));

/* Logs each of the complaints as an error. */
void configuration_log(const GPtrArray *errors);

/* The token as it is shown in messages; caller frees. */
char *configuration_show(const struct token *token);

/* A path that is written at this place: one that is not absolute begins at the directory of the
 * file that has it. Caller frees. */
char *configuration_path(const struct place *place, const char *path);

/* What a word after a number means. */
enum unit { UNIT_NONE, UNIT_BYTES, UNIT_SECONDS };
enum unit unit_find(const char *word, uint64_t *factor_r);

/* number * factor; false if that is more than PostgreSQL can store. */
bool unit_multiply(uint64_t number, uint64_t factor, uint64_t *product_r);

#endif
