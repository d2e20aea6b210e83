#include "policy/parser.h"

#include <stdarg.h>
#include <string.h>

int policy_parse(struct parser *parser);

/* --- a line --- */

void
parser_error(struct parser *parser, const struct place *place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	configuration_complain(parser->configuration, parser->errors, place, "%s", text);
}

void
parser_line(struct parser *parser, const struct configuration_line *line)
{
	guint before = parser->uses->len;

	parser->line = line;
	parser->next = 0;
	if (policy_parse(parser) == 0)
		return;
	/* The grammar has freed the conditions of the line: of their tables only the names are looked at. */
	for (guint i = before; i < parser->uses->len; i++)
		g_array_index(parser->uses, struct table_use, i).condition = NULL;
}

char *
parser_found(const struct parser *parser, const struct place *place)
{
	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin == place->begin)
			return configuration_show(parser->configuration, token);
	}
	return g_strdup("the end of the line");
}

/* Part of the line as one line of text, without comments. */
static char *
source_text(const struct parser *parser, const struct place *place)
{
	const char *source = parser->configuration->text;
	GString *text = g_string_new(NULL);
	size_t last = place->begin;

	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin < place->begin || token->place.end > place->end)
			continue;
		if (token->place.begin > last)
			g_string_append_c(text, ' ');
		last = token->place.end;
		g_string_append_len(text, source + token->place.begin, (gssize)(last - token->place.begin));
	}
	return g_strstrip(g_string_free(text, FALSE));
}

/* --- what the grammar finds --- */

uint64_t
parser_product(struct parser *parser, const struct place *place, uint64_t number, uint64_t factor)
{
	uint64_t product = 0;

	if (!unit_multiply(number, factor, &product))
		parser_error(parser, place, "found a number that is too large, expected a smaller one");
	return product;
}

static void
add_table(struct parser *parser, const struct place *place, const char *name,
	  const struct table_kind *kind, const char *source, const GPtrArray *entries)
{
	struct table *table;
	struct fault fault;

	if (policy_find_table(parser->policy, name) != NULL) {
		parser_error(parser, place, "found a second table <%s>, expected another name", name);
		return;
	}
	table = table_new(name, kind, source);
	g_ptr_array_add(parser->policy->tables, table);
	for (guint i = 0; entries != NULL && i < entries->len; i++)
		table_add(table, g_ptr_array_index(entries, i));
	if (kind->load != NULL && !kind->load(table, &fault))
		parser_error(parser, place, "%s", fault.text);
}

void
parser_table(struct parser *parser, const struct place *place, char *name,
	     const struct table_kind *kind, char *source, GPtrArray *entries)
{
	add_table(parser, place, name, kind, source, entries);
	g_free(name);
	g_free(source);
	if (entries != NULL)
		g_ptr_array_unref(entries);
}

void
parser_condition(struct parser *parser, const struct place *place, bool negated,
		 struct condition *condition)
{
	condition->negated = negated;
	condition->index = parser->policy->condition_count++;
	condition->text = source_text(parser, place);
}

const char *
parser_receipt(struct parser *parser, const struct place *place, char *form)
{
	static const char *const forms[] = {"mdn", "dsn"};
	const char *found = "mail";

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
		if (strcmp(forms[i], form) == 0)
			found = forms[i];
	if (strcmp(found, "mail") == 0)
		parser_error(parser, place, "found receipt %s, expected receipt, receipt mdn or receipt dsn", form);
	g_free(form);
	return found;
}

struct condition *
parser_listed(const struct matcher *matcher, GPtrArray *entries)
{
	struct condition *condition = condition_new(matcher);

	condition->table = table_new(NULL, &table_inline, NULL);
	for (guint i = 0; entries != NULL && i < entries->len; i++)
		table_add(condition->table, g_ptr_array_index(entries, i));
	if (entries != NULL)
		g_ptr_array_unref(entries);
	return condition;
}

/* A NULL name stands for the domains of the organisation. */
struct condition *
parser_named(struct parser *parser, const struct matcher *matcher, char *table,
	     const struct place *place)
{
	struct condition *condition = condition_new(matcher);
	struct table_use use = {condition, table, *place};

	g_array_append_val(parser->uses, use);
	return condition;
}

struct condition *
parser_patterns(const struct matcher *matcher, char *name, GPtrArray *globs)
{
	struct condition *condition = condition_new(matcher);

	condition->name = name;
	condition->patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);
	for (guint i = 0; i < globs->len; i++) {
		g_autofree char *folded = g_utf8_strdown(g_ptr_array_index(globs, i), -1);

		g_ptr_array_add(condition->patterns, g_pattern_spec_new(folded));
	}
	g_ptr_array_unref(globs);
	return condition;
}

struct condition *
parser_regex(struct parser *parser, const struct place *place, char *expression)
{
	g_autofree char *own = expression;
	struct condition *condition = condition_new(&match_text_regex);
	int error;
	PCRE2_SIZE offset;

	condition->regex = pcre2_compile((PCRE2_SPTR)own, PCRE2_ZERO_TERMINATED,
					 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, NULL);
	if (condition->regex == NULL) {
		PCRE2_UCHAR why[120];

		pcre2_get_error_message(error, why, sizeof why);
		parser_error(parser, place, "found a regular expression that is wrong at its character %ld: %s",
			     g_utf8_strlen(own, (gssize)offset) + 1, (const char *)why);
		return condition;
	}
	/* Where the JIT cannot be had, matching works without, only slower. */
	(void)pcre2_jit_compile(condition->regex, PCRE2_JIT_COMPLETE);
	return condition;
}

void
parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name)
{
	g_autoptr(GString) known = g_string_new(NULL);

	g_ptr_array_add(rule->methods, name);
	for (const char *const *m = parser->methods; *m != NULL; m++) {
		if (strcmp(*m, name) == 0)
			return;
		g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", *m);
	}
	parser_error(parser, place, "found the method %s, expected one of %s", name, known->str);
}

void
parser_rule(struct parser *parser, const struct place *place, struct rule *rule)
{
	rule->line = place->line;
	rule->text = source_text(parser, place);
	g_ptr_array_add(rule->methods, NULL);
	for (guint i = 0; i < rule->conditions->len; i++) {
		struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (condition->matcher == &match_subject_tag && !condition->negated)
			g_ptr_array_add(rule->tags, condition->name);
	}
	g_ptr_array_add(rule->tags, NULL);
	g_ptr_array_add(parser->policy->rules, rule);
}

/* --- tables that are named --- */

static bool
table_use_resolve(struct parser *parser, const struct table_use *use)
{
	struct condition *condition = use->condition;
	struct table *table;

	if (use->name == NULL) {
		if (condition == NULL)
			return true;
		condition->table = table_new(NULL, &table_inline, NULL);
		for (char **d = parser->policy->settings->domains; d != NULL && *d != NULL; d++)
			table_add(condition->table, *d);
		return true;
	}
	table = policy_find_table(parser->policy, use->name);
	if (condition != NULL)
		condition->table = table;
	return table != NULL;
}

void
parser_resolve_tables(struct parser *parser)
{
	for (guint i = 0; i < parser->uses->len; i++) {
		struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (!table_use_resolve(parser, use))
			parser_error(parser, &use->place, "found <%s>, expected a table that the file defines",
				     use->name);
	}
}
