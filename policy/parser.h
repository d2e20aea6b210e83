/*
 * The interface between the grammar of rules and the policy that is built from them: the current
 * line, and the errors found so far.
 */
#ifndef POSTSEAL_POLICY_PARSER_H
#define POSTSEAL_POLICY_PARSER_H

#include "core/configuration.h"
#include "policy/rule.h"

/* A table named by a condition or a setting; resolved after the last line. */
struct table_use {
	struct condition *condition; /* NULL: only check that the table exists */
	struct rule_hold *hold;	     /* of the table of those who approve; otherwise NULL */
	char *name;		     /* NULL: the setting domains, or networks for clients */
	struct place place;
};

/* A directory named by a table; resolved after the last line. */
struct lookup_use {
	struct directory_lookup *lookup; /* the table's */
	struct place place;
};

/* A detector named by a condition; resolved after the last line. */
struct detector_use {
	struct condition *condition; /* NULL: only check that the detector exists */
	char *name;
	struct place place;
};

struct parser {
	struct policy *policy;
	const struct configuration *configuration;
	const struct policy_method *methods;
	GPtrArray *errors;     /* char * */
	GPtrArray *warnings;   /* char * */
	GArray *uses;	       /* struct table_use */
	GArray *detector_uses; /* struct detector_use */
	GHashTable *indexes;   /* of conditions, by what is written */
	GArray *lookups;       /* struct lookup_use */
	/* the current line, and the index of its next token */
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

/* Parses one line and reports the errors in it. */
void parser_line(struct parser *parser, const struct configuration_line *line);
/* Gives each condition the table it names. */
void parser_resolve_tables(struct parser *parser);
void parser_resolve_directories(struct parser *parser);
/* The same for detectors. */
void parser_resolve_detectors(struct parser *parser);

void parser_error(struct parser *parser, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void parser_warn(struct parser *parser, const struct place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Checks all the rules together, once each is valid by itself. */
void parser_review(struct parser *parser);
/* Warns of rules about what is opaque that come too late. */
void parser_review_opaque(struct parser *parser);
/* The method with this name; NULL: none. */
const struct policy_method *parser_find_method(const struct parser *parser, const char *name);
/* Part of the line as a single line of text, without comments; caller frees. */
char *parser_source_text(const struct parser *parser, const struct place *place);
/* What a table must have in it for such a condition. */
enum table_content parser_content_of(const struct matcher *matcher);
void parser_add_entries(struct parser *parser, const struct place *place, struct table *table,
			const GPtrArray *entries);
/* The token at this place, for a message; caller frees. */
char *parser_found(const struct parser *parser, const struct place *place);

/* The actions of the grammar. All of them take ownership of their texts. */
void parser_table(struct parser *parser, const struct place *place, char *name,
		  const struct table_kind *kind, enum table_content content, char *source,
		  GPtrArray *entries);
/* Is there no table of that name yet? Otherwise reports it. */
bool parser_name_is_new(struct parser *parser, const struct place *place, const char *name);
/* `table staff directory …`: `directory` and `filter` are owned; `lifetime` in seconds. */
struct directory_table {
	char *directory, *filter;
	uint64_t lifetime;
};
void parser_directory_table(struct parser *parser, const struct place *place, char *name,
			    const struct place *filter, struct directory_table directory);
enum { PARSER_LIFETIME = 900 }; /* seconds, of what a directory says */
uint64_t parser_lifetime(struct parser *parser, const struct place *place, uint64_t seconds);
/* A tag for the subject of mail that comes in. */
char *parser_mark(struct parser *parser, const struct place *place, char *old, char *tag);
/* `sentence`: where the rule is written, without its name. */
void parser_rule(struct parser *parser, const struct place *place, const struct place *sentence,
		 struct rule *rule);
void parser_condition(struct parser *parser, const struct place *place, bool negated,
		      struct condition *condition);
/* Adds a condition to a group: `how` is match_all or match_either. Returns the group. */
struct condition *parser_join(struct parser *parser, const struct place *place,
			      struct condition *group, const struct matcher *how,
			      struct condition *condition);
void parser_name(struct parser *parser, const struct place *place, struct rule *rule, char *name);
void parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name);
/* The trust that the method just added needs; NULL: none. */
void parser_level(struct parser *parser, const struct place *place, struct rule *rule, char *level);
/* Is it one (RFC 5322 §3.6.8)? */
bool parser_is_field_name(const char *name);
/* Adds a field to those before it (NULL: none), which are returned. */
GArray *parser_added(struct parser *parser, GArray *before, const struct place *name_place,
		     char *name, const struct place *value_place, char *value);
/* What makes a message wait for approval; `table_place` is that of the table's name. */
struct rule_hold *parser_hold(struct parser *parser, char *reason, const struct place *table_place,
			      char *table, const struct rule_options *options);
/* Takes those who approve from their table. */
void parser_resolve_officers(struct parser *parser, const struct table_use *use,
			     const struct table *table);
/* As the method has it; NULL: none has such a cipher, which is reported. */
const char *parser_cipher(struct parser *parser, const struct place *place, char *name);
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
struct condition *parser_regex(struct parser *parser, const struct place *place,
			       const struct matcher *matcher, char *expression);
/* How often something must be found: returns the number. */
uint64_t parser_at_least(struct parser *parser, const struct place *place, uint64_t number);
struct condition *parser_time(struct parser *parser, const struct place *place, GPtrArray *texts);
/* NULL if it is wrong, which is reported. */
pcre2_code *parser_expression(struct parser *parser, const struct place *place,
			      const char *expression);
/* The same for text without other digits than those of ASCII; NULL: it has no such form. */
pcre2_code *parser_plain_expression(const char *expression);
/* Warns if a built-in detector does better. */
void parser_warn_of_imitation(struct parser *parser, const struct place *place,
			      const pcre2_code *regex);
/* A detector of the file. `checksum` is NULL for none; `at_least` is 0 if that is not said. */
void parser_detector(struct parser *parser, const struct place *place, char *name,
		     const struct place *regex_place, char *regex, struct checksum *checksum,
		     uint64_t at_least);
struct checksum *parser_checksum(struct parser *parser, const struct place *place, char *name);
struct checksum *parser_weight(struct parser *parser, const struct place *place,
			       struct checksum *checksum, uint64_t weight);
struct checksum *parser_modulus(struct parser *parser, const struct place *place,
				struct checksum *checksum, uint64_t modulus);
struct condition *parser_detect(struct parser *parser, const struct place *place, char *name,
				uint64_t at_least);

#endif
