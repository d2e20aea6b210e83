/*
 * Between lexer and grammar: where a token stands, and the errors found so far.
 */
#ifndef POSTSEAL_POLICY_PARSER_H
#define POSTSEAL_POLICY_PARSER_H

#include "policy/rule.h"

struct place {
	unsigned line, column;  /* from 1 */
	size_t begin, end;      /* bytes from the start of the file */
};

struct table_use {
	struct condition *condition;
	char *name;
	struct place place;
};

struct parser {
	struct policy *policy;
	const char *const *methods;
	GPtrArray *errors; /* char * */
	GArray *uses;      /* struct table_use: resolved after the last line */
	GHashTable *seen;  /* settings that were set */
	/* the lexer */
	struct place next;
	unsigned depth; /* of braces */
	bool in_line;   /* something stands before the end of this line */
};

#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
	do {                                                                                       \
		if (N) {                                                                           \
			(Current) = YYRHSLOC(Rhs, 1);                                              \
			(Current).end = YYRHSLOC(Rhs, N).end;                                      \
		} else {                                                                           \
			(Current) = YYRHSLOC(Rhs, 0);                                              \
			(Current).begin = (Current).end;                                           \
		}                                                                                  \
	} while (0)

void parser_error(struct parser *parser, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What the grammar does with what it found. All take ownership of their texts. */
void parser_setting(struct parser *parser, const struct place *place, char *first, char *second,
		    struct setting_value *value);
void parser_table(struct parser *parser, const struct place *place, char *name,
		  const struct table_kind *kind, char *source, GPtrArray *entries);
void parser_rule(struct parser *parser, const struct place *place, struct rule *rule);
void parser_condition(struct parser *parser, const struct place *place, bool negated,
		      struct condition *condition);
void parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name);
const char *parser_receipt(struct parser *parser, const struct place *place, char *form);
struct condition *parser_listed(const struct matcher *matcher, GPtrArray *entries);
struct condition *parser_named(struct parser *parser, const struct matcher *matcher, char *table,
			       const struct place *place);
struct condition *parser_patterns(const struct matcher *matcher, char *name, GPtrArray *globs);
struct condition *parser_regex(struct parser *parser, const struct place *place, char *expression);

#endif
