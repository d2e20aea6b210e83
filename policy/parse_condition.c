/* Conditions. */
#include <string.h>

#include "policy/parser.h"
#include "policy/plain_digits.h"

void
parser_condition(struct parser *parser, const struct place *place, bool negated,
		 struct condition *condition)
{
	condition->negated = negated;
	condition->text = parser_source_text(parser, place);
}

/* Which of the two binds more tightly would have to be known, and a wrong guess would let mail
 * through. */
struct condition *
parser_join(struct parser *parser, const struct place *place, struct condition *group,
	    const struct matcher *how, struct condition *condition)
{
	if (group->group->len > 1 && group->matcher != how)
		parser_error(
			parser, place,
			"found or beside conditions that all must hold, expected parentheses "
			"that say which belong together, such as (sender in domains or signed) "
			"encrypted");
	group->matcher = how;
	g_ptr_array_add(group->group, condition);
	return group;
}

/* --- lists and tables --- */

/* "" is the null sender, and nothing else; a domain condition needs a domain. */
static void
check_entries(struct parser *parser, const struct place *place, const struct matcher *matcher,
	      const GPtrArray *entries)
{
	bool domains = matcher == &match_sender_domain || matcher == &match_recipient_domain;

	for (guint i = 0; i < entries->len; i++) {
		const char *entry = g_ptr_array_index(entries, i);
		const char *at = strchr(entry, '@');

		if (*entry == '\0' && matcher != &match_sender && matcher != &match_client)
			parser_error(parser, place,
				     "found an empty text, expected an address or domain");
		else if (domains && at != NULL && at != entry)
			parser_error(parser, place,
				     "found the address \"%s\", expected a domain; for a single "
				     "address use %s \"%s\"",
				     entry,
				     matcher == &match_sender_domain ? "sender" : "recipient",
				     entry);
	}
}

enum table_content
parser_content_of(const struct matcher *matcher)
{
	return matcher == &match_client	      ? TABLE_OF_NETWORKS
	       : matcher == &match_text_words ? TABLE_OF_WORDS
					      : TABLE_OF_ADDRESSES;
}

struct condition *
parser_listed(struct parser *parser, const struct place *place, const struct matcher *matcher,
	      GPtrArray *entries)
{
	struct condition *condition = condition_new(matcher);

	condition->table = table_new(NULL, &table_inline, NULL);
	condition->table->content = parser_content_of(matcher);
	check_entries(parser, place, matcher, entries);
	parser_add_entries(parser, place, condition->table, entries);
	g_ptr_array_unref(entries);
	return condition;
}

/* A NULL name means the domains, or networks, of the organisation. */
struct condition *
parser_named(struct parser *parser, const struct matcher *matcher, char *table,
	     const struct place *place)
{
	struct condition *condition = condition_new(matcher);
	struct table_use use = {condition, NULL, table, *place};

	g_array_append_val(parser->uses, use);
	return condition;
}

/* --- patterns --- */

static struct condition *
patterns(const struct matcher *matcher, GPtrArray *globs)
{
	struct condition *condition = condition_new(matcher);

	condition->patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);
	for (guint i = 0; i < globs->len; i++) {
		g_autofree char *folded = g_utf8_strdown(g_ptr_array_index(globs, i), -1);

		g_ptr_array_add(condition->patterns, g_pattern_spec_new(folded));
	}
	g_ptr_array_unref(globs);
	return condition;
}

/* Each media type is compared in the form type/subtype, without parameters. */
static bool
is_of_type(const char *glob)
{
	return strpbrk(glob, "/*") != NULL && strpbrk(glob, "; \t") == NULL;
}

struct condition *
parser_patterns(struct parser *parser, const struct place *place, const struct matcher *matcher,
		GPtrArray *globs)
{
	const bool are_types = matcher == &match_attachment_type;

	for (guint i = 0; i < globs->len; i++) {
		const char *glob = g_ptr_array_index(globs, i);

		if (*glob == '\0')
			parser_error(parser, place,
				     "found an empty text, expected a pattern such as \"%s\"",
				     are_types ? "image/*" : "*.exe");
		else if (are_types && !is_of_type(glob))
			parser_error(parser, place,
				     "found \"%s\", which matches no media type, expected one "
				     "such as \"image/*\", without parameters",
				     glob);
	}
	return patterns(matcher, globs);
}

/* RFC 5322 §2.2: printable ASCII except the colon. */
bool
parser_is_field_name(const char *name)
{
	bool good = *name != '\0';

	for (const char *c = name; *c != '\0'; c++)
		good = good && g_ascii_isgraph(*c) && *c != ':';
	return good;
}

struct condition *
parser_header(struct parser *parser, const struct place *place, char *name, GPtrArray *globs)
{
	struct condition *condition = patterns(&match_header, globs);

	if (!parser_is_field_name(name))
		parser_error(parser, place,
			     "found \"%s\", expected the name of a header field, without a colon",
			     name);
	condition->name = name;
	return condition;
}

/* Every subject contains the empty text, and nearly every one contains a blank. */
struct condition *
parser_tag(struct parser *parser, const struct place *place, char *tag)
{
	struct condition *condition = condition_new(&match_subject_tag);

	condition->name = tag;
	if (strspn(tag, " \t") == strlen(tag))
		parser_error(parser, place,
			     "found an empty tag, expected one such as \"[secure]\"");
	return condition;
}

/* --- regular expressions --- */

static bool
matches_empty_text(const pcre2_code *regex)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex, NULL);
	int found = pcre2_match(regex, (PCRE2_SPTR) "", 0, 0, 0, data, NULL);

	pcre2_match_data_free(data);
	return found >= 0;
}

static pcre2_code *
compile(const char *expression, int *error_r, PCRE2_SIZE *offset_r)
{
	pcre2_code *regex =
		pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
			      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, error_r, offset_r, NULL);

	/* If the JIT is not available, matching is only slower. */
	if (regex != NULL)
		(void)pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE);
	return regex;
}

pcre2_code *
parser_plain_expression(const char *expression)
{
	g_autofree char *plain = plain_digits_expression(expression);
	int error;
	PCRE2_SIZE offset;

	return plain == NULL ? NULL : compile(plain, &error, &offset);
}

pcre2_code *
parser_expression(struct parser *parser, const struct place *place, const char *expression)
{
	int error;
	PCRE2_SIZE offset;
	pcre2_code *regex = compile(expression, &error, &offset);

	if (regex == NULL) {
		PCRE2_UCHAR why[120];

		pcre2_get_error_message(error, why, sizeof why);
		parser_error(parser, place,
			     "found an error in the regular expression at character %ld: %s",
			     g_utf8_strlen(expression, (gssize)offset) + 1, (const char *)why);
		return NULL;
	}
	if (matches_empty_text(regex))
		parser_warn(parser, place,
			    "this regular expression matches every text, even an empty one");
	return regex;
}

struct condition *
parser_regex(struct parser *parser, const struct place *place, const struct matcher *matcher,
	     char *expression)
{
	g_autofree char *own = expression;
	struct condition *condition = condition_new(matcher);

	condition->regex = parser_expression(parser, place, own);
	if (condition->regex != NULL)
		parser_warn_of_imitation(parser, place, condition->regex);
	return condition;
}

/* --- numbers and times --- */

enum { AT_LEAST_MAX = 10000 };

uint64_t
parser_at_least(struct parser *parser, const struct place *place, uint64_t number)
{
	if (number == 0 || number > AT_LEAST_MAX)
		parser_error(parser, place, "found a number that is out of range, expected 1 to %d",
			     AT_LEAST_MAX);
	return number;
}

struct condition *
parser_time(struct parser *parser, const struct place *place, GPtrArray *texts)
{
	struct condition *condition = condition_new(&match_time);

	condition->spans = g_array_new(FALSE, FALSE, sizeof(struct schedule_span));
	for (guint i = 0; i < texts->len; i++) {
		const char *text = g_ptr_array_index(texts, i), *why;
		struct schedule_span span;

		if (schedule_parse(&span, text, &why))
			g_array_append_val(condition->spans, span);
		else
			parser_error(parser, place, "found \"%s\", %s", text, why);
	}
	g_ptr_array_unref(texts);
	return condition;
}
