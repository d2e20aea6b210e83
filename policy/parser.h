/*
 * Between the grammar of rules and the policy that it makes: where the line stands, and the errors
 * found so far.
 */
#ifndef POSTSEAL_POLICY_PARSER_H
#define POSTSEAL_POLICY_PARSER_H

#include "core/configuration.h"
#include "policy/rule.h"

/* A table that a condition or a setting names; resolved behind the last line. */
struct table_use {
	struct condition *condition; /* NULL: only looked for */
	char *name;		     /* NULL: the domains of the organisation */
	struct place place;
};

struct parser {
	struct policy *policy;
	const struct configuration *configuration;
	const struct policy_method *methods;
	GPtrArray *errors;   /* char * */
	GPtrArray *warnings; /* char * */
	GArray *uses;	     /* struct table_use */
	/* the line that is being read, and its next token */
	const struct configuration_line *line;
	guint next;
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

/* Reads one line and reports errors in it. */
void parser_line(struct parser *parser, const struct configuration_line *line);
/* Gives each condition the table that it names. */
void parser_resolve_tables(struct parser *parser);

void parser_error(struct parser *parser, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void parser_warn(struct parser *parser, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Looks at all the rules together, when each is good by itself. */
void parser_review(struct parser *parser);
/* Which method is called so; NULL: none. */
const struct policy_method *parser_find_method(const struct parser *parser, const char *name);
/* The token at the place, for a message; caller frees. */
char *parser_found(const struct parser *parser, const struct place *place);

/* What the grammar does with what it found. All take ownership of their texts. */
void parser_table(struct parser *parser, const struct place *place, char *name,
		  const struct table_kind *kind, char *source, GPtrArray *entries);
void parser_rule(struct parser *parser, const struct place *place, struct rule *rule);
void parser_condition(struct parser *parser, const struct place *place, bool negated,
		      struct condition *condition);
void parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name);
const char *parser_receipt(struct parser *parser, const struct place *place, char *form);
uint64_t parser_product(struct parser *parser, const struct place *place, uint64_t number,
			uint64_t factor);
uint64_t parser_expire(struct parser *parser, const struct place *place, uint64_t seconds);
struct condition *parser_listed(struct parser *parser, const struct place *place,
				const struct matcher *matcher, GPtrArray *entries);
struct condition *parser_tag(struct parser *parser, const struct place *place, char *tag);
struct condition *parser_header(struct parser *parser, const struct place *place, char *name,
				GPtrArray *globs);
char *parser_sentence(struct parser *parser, const struct place *place, char *text);
struct condition *parser_named(struct parser *parser, const struct matcher *matcher, char *table,
			       const struct place *place);
struct condition *parser_patterns(struct parser *parser, const struct place *place,
				  const struct matcher *matcher, GPtrArray *globs);
struct condition *parser_regex(struct parser *parser, const struct place *place, char *expression);

#endif
