#include "policy/parser.h"

#include <stdarg.h>
#include <string.h>

#include "policy/plain_digits.h"

int policy_parse(struct parser *parser);

/* --- a line --- */

#define DEFINE_COMPLAINT(function, list)                                                           \
	void function(struct parser *parser, const struct place *place, const char *format, ...)   \
	{                                                                                          \
		g_autofree char *text = NULL;                                                      \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		text = g_strdup_vprintf(format, args);                                             \
		va_end(args);                                                                      \
		configuration_complain(parser->list, place, "%s", text);                           \
	}

DEFINE_COMPLAINT(parser_error, errors)
DEFINE_COMPLAINT(parser_warn, warnings)

void
parser_line(struct parser *parser, const struct configuration_line *line)
{
	guint before = parser->uses->len, detector_uses = parser->detector_uses->len;

	parser->line = line;
	parser->next = 0;
	if (policy_parse(parser) == 0)
		return;
	/* The grammar has freed the conditions of the line; only the names of their tables and
	 * detectors are still checked. */
	for (guint i = before; i < parser->uses->len; i++) {
		struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		use->condition = NULL;
		use->hold = NULL;
	}
	for (guint i = detector_uses; i < parser->detector_uses->len; i++)
		g_array_index(parser->detector_uses, struct detector_use, i).condition = NULL;
}

char *
parser_found(const struct parser *parser, const struct place *place)
{
	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin == place->begin)
			return configuration_show(token);
	}
	return g_strdup("the end of the line");
}

/* Part of the line as a single line of text, without comments. */
static char *
source_text(const struct parser *parser, const struct place *place)
{
	const char *source = place->file->text;
	GString *text = g_string_new(NULL);
	size_t last = place->begin;

	for (guint i = 0; i < parser->line->tokens->len; i++) {
		const struct token *token = &g_array_index(parser->line->tokens, struct token, i);

		if (token->place.begin < place->begin || token->place.end > place->end)
			continue;
		if (token->place.begin > last)
			g_string_append_c(text, ' ');
		last = token->place.end;
		g_string_append_len(text, source + token->place.begin,
				    (gssize)(last - token->place.begin));
	}
	return g_strstrip(g_string_free(text, FALSE));
}

/* --- what the grammar finds --- */

uint64_t
parser_product(struct parser *parser, const struct place *place, uint64_t number, uint64_t factor)
{
	uint64_t product = 0;

	if (!unit_multiply(number, factor, &product))
		parser_error(parser, place,
			     "found a number that is too large, expected a smaller one");
	return product;
}

enum { EXPIRE_DAYS_MAX = 3660, DAY_SECONDS = 86400 };

uint64_t
parser_expire(struct parser *parser, const struct place *place, uint64_t seconds)
{
	if (seconds == 0 || seconds > (uint64_t)EXPIRE_DAYS_MAX * DAY_SECONDS)
		parser_error(parser, place,
			     "found a time that is out of range, expected 1 second to %d days",
			     EXPIRE_DAYS_MAX);
	return seconds;
}

char *
parser_sentence(struct parser *parser, const struct place *place, char *text)
{
	if (*text == '\0')
		parser_error(parser, place,
			     "found an empty text, expected the sentence that the sender is told");
	return text;
}

static void
add_entries(struct parser *parser, const struct place *place, struct table *table,
	    const GPtrArray *entries)
{
	struct fault fault;

	for (guint i = 0; entries != NULL && i < entries->len; i++)
		if (!table_add(table, g_ptr_array_index(entries, i), &fault))
			parser_error(parser, place, "found an entry that matches %s: %s",
				     table->content == TABLE_OF_ADDRESSES ? "nobody" : "nothing",
				     fault.text);
}

/* A query has one parameter; without it, the answer would be the same for everybody. */
static void
check_query(struct parser *parser, const struct place *place, const char *query)
{
	g_autoptr(GRegex) parameter = g_regex_new("\\$[0-9]+", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	bool asks = false;

	for (g_regex_match(parameter, query, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *found = g_match_info_fetch(match, 0);

		asks |= strcmp(found, "$1") == 0;
		if (strcmp(found, "$1") != 0)
			parser_error(
				parser, place,
				"found %s in the query, expected only $1, the address or domain",
				found);
	}
	if (!asks)
		parser_error(
			parser, place,
			"found a query without $1, expected one that uses it as the address or "
			"domain");
}

bool
parser_name_is_new(struct parser *parser, const struct place *place, const char *name)
{
	if (policy_find_table(parser->policy, name) == NULL)
		return true;
	parser_error(parser, place, "found a second table <%s>, expected another name", name);
	return false;
}

static void
add_table(struct parser *parser, const struct place *place, const char *name,
	  const struct table_kind *kind, enum table_content content, const char *source,
	  const GPtrArray *entries)
{
	struct table *table;
	struct fault fault;

	if (!parser_name_is_new(parser, place, name))
		return;
	table = table_new(name, kind, source);
	table->content = content;
	g_ptr_array_add(parser->policy->tables, table);
	add_entries(parser, place, table, entries);
	if (kind == &table_database)
		check_query(parser, place, source);
	if (kind->load != NULL && !kind->load(table, &fault))
		parser_error(parser, place, "%s", fault.text);
}

void
parser_table(struct parser *parser, const struct place *place, char *name,
	     const struct table_kind *kind, enum table_content content, char *source,
	     GPtrArray *entries)
{
	g_autofree char *path =
		kind == &table_file ? configuration_path(place, source) : g_strdup(source);

	add_table(parser, place, name, kind, content, path, entries);
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
	condition->text = source_text(parser, place);
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

enum { NAME_MAX_CHARACTERS = 80 };

/* It also stands in metrics, whose labels are in quotes. */
static bool
is_name(const char *name)
{
	bool good = *name != '\0' && g_utf8_strlen(name, -1) <= NAME_MAX_CHARACTERS;

	for (const char *c = name; good && *c != '\0'; c = g_utf8_next_char(c))
		good = g_unichar_isprint(g_utf8_get_char(c)) && strchr("\"\\", *c) == NULL;
	return good && !g_ascii_isspace(*name) && !g_ascii_isspace(name[strlen(name) - 1]);
}

void
parser_name(struct parser *parser, const struct place *place, struct rule *rule, char *name)
{
	rule->name = name;
	if (!is_name(name))
		parser_error(
			parser, place,
			"found the name \"%s\", expected one of at most %d characters, without "
			"quotes, backslashes and surrounding blanks, such as \"patients\"",
			name, NAME_MAX_CHARACTERS);
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
		parser_error(parser, place,
			     "found receipt %s, expected receipt, receipt mdn or receipt dsn",
			     form);
	g_free(form);
	return found;
}

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

static enum table_content
content_of(const struct matcher *matcher)
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
	condition->table->content = content_of(matcher);
	check_entries(parser, place, matcher, entries);
	add_entries(parser, place, condition->table, entries);
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

struct condition *
parser_patterns(struct parser *parser, const struct place *place, const struct matcher *matcher,
		GPtrArray *globs)
{
	for (guint i = 0; i < globs->len; i++)
		if (*(const char *)g_ptr_array_index(globs, i) == '\0')
			parser_error(parser, place,
				     "found an empty text, expected a pattern such as \"%s\"",
				     matcher == &match_attachment_type ? "image/*" : "*.exe");
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

const struct policy_method *
parser_find_method(const struct parser *parser, const char *name)
{
	for (const struct policy_method *m = parser->methods; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static void
tell_methods(struct parser *parser, const struct place *place, const char *name)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (const struct policy_method *m = parser->methods; m->name != NULL; m++)
		g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", m->name);
	parser_error(parser, place, "found the method %s, expected one of %s", name, known->str);
}

void
parser_method(struct parser *parser, const struct place *place, struct rule *rule, char *name)
{
	g_autofree char *own = name;
	const struct policy_method *method = parser_find_method(parser, own), *before = NULL;

	if (method == NULL) {
		tell_methods(parser, place, own);
		return;
	}
	for (guint i = 0; i < rule->methods->len && before == NULL; i++) {
		const struct policy_method *other =
			parser_find_method(parser, g_ptr_array_index(rule->methods, i));

		if (other == method)
			parser_error(parser, place, "found %s a second time, expected it once",
				     own);
		if (other == method || other->always)
			before = other;
	}
	if (before != NULL && before != method)
		parser_error(parser, place,
			     "found %s after %s, which is always available, so it would never be "
			     "used; put %s last",
			     own, before->name, before->name);
	g_ptr_array_add(rule->methods, (gpointer)method->name);
}

static char *
joined(const char *const *words)
{
	return g_strjoinv(", ", (char **)words);
}

static char *
methods_with_levels(const struct parser *parser)
{
	GString *names = g_string_new(NULL);

	for (const struct policy_method *m = parser->methods; m->name != NULL; m++)
		if (m->levels != NULL)
			g_string_append_printf(names, "%s%s", names->len > 0 ? " or " : "",
					       m->name);
	return g_string_free(names, FALSE);
}

/* The level as the method has it; NULL: it has none of this name, which is reported. */
static const char *
find_level(struct parser *parser, const struct place *place, const struct policy_method *method,
	   const char *level)
{
	g_autofree char *known = NULL, *named = NULL;

	if (method->levels == NULL) {
		named = methods_with_levels(parser);
		parser_error(
			parser, place,
			"found trust after %s, which uses no key of the recipient, expected it "
			"after %s",
			method->name, named);
		return NULL;
	}
	for (const char *const *each = method->levels; *each != NULL; each++)
		if (strcmp(*each, level) == 0)
			return *each;
	known = joined(method->levels);
	parser_error(parser, place, "found the level of trust %s, expected one of %s", level,
		     known);
	return NULL;
}

void
parser_level(struct parser *parser, const struct place *place, struct rule *rule, char *level)
{
	g_autofree char *own = level;
	const char *method;

	/* An unknown method was reported, and is not in the list. */
	if (rule->levels->len == rule->methods->len)
		return;
	method = g_ptr_array_index(rule->methods, rule->methods->len - 1);
	g_ptr_array_add(rule->levels,
			own == NULL
				? NULL
				: (gpointer)find_level(parser, place,
						       parser_find_method(parser, method), own));
}

const char *
parser_cipher(struct parser *parser, const struct place *place, char *name)
{
	g_autofree char *own = name;
	g_autoptr(GString) known = g_string_new(NULL);

	for (const struct policy_method *m = parser->methods; m->name != NULL; m++)
		for (const char *const *c = m->ciphers; c != NULL && *c != NULL; c++) {
			if (strcmp(*c, own) == 0)
				return *c;
			g_string_append_printf(known, "%s%s", known->len > 0 ? " or " : "", *c);
		}
	parser_error(parser, place, "found the cipher %s, expected %s", own, known->str);
	return NULL;
}

/* Options for copies that the rule never makes. */
static void
check_options(struct parser *parser, const struct place *place, const struct rule *rule)
{
	bool waits = false, seals = false, has_ciphers = false, can_be_signed = false;

	for (guint i = 0; i + 1 < rule->methods->len; i++) {
		const struct policy_method *method =
			parser_find_method(parser, g_ptr_array_index(rule->methods, i));

		waits |= method->waits;
		seals |= !method->always && !method->waits;
		has_ciphers |= method->ciphers != NULL;
		can_be_signed |= method->can_be_signed;
	}
	if (rule->options.expire_seconds != 0 && !waits)
		parser_error(parser, place,
			     "found expire in a rule whose methods do not park messages, expected "
			     "pickup among them");
	if (rule->options.cipher != NULL && !has_ciphers)
		parser_error(
			parser, place,
			"found cipher in a rule whose methods have no choice of ciphers, expected "
			"smime among them");
	if (rule->options.sign && !can_be_signed)
		parser_error(
			parser, place,
			"found sign in a rule whose methods are never signed in the clear, expected "
			"plain or tls among them (smime and pgp sign without it)");
	if (rule->options.hide_subject && !seals)
		parser_warn(parser, place,
			    "hide subject has no effect: none of the methods seals the message");
}

char *
parser_mark(struct parser *parser, const struct place *place, char *old, char *tag)
{
	g_autofree char *before = old;
	const char *last = *tag == '\0' ? tag : tag + strlen(tag) - 1;

	if (before != NULL)
		parser_error(parser, place, "found a second tag of that kind, expected one");
	if (!g_str_is_ascii(tag) || strlen(tag) < 3 || *tag != '[' ||
	    strpbrk(tag + 1, "[]\r\n") != last || *last != ']')
		parser_error(
			parser, place,
			"found \"%s\", expected a tag of ASCII in brackets such as \"[encrypted]\"",
			tag);
	return tag;
}

/* Mail from outside: it is opened if that is possible, and passes otherwise. */
static void
add_receiving(struct parser *parser, struct rule *rule)
{
	struct policy *policy = parser->policy;
	const struct rule_receiving *receiving = &rule->receiving;

	if (receiving->opens)
		g_ptr_array_add(rule->methods, (gpointer) "open");
	g_ptr_array_add(rule->methods, (gpointer) "pass");
	g_ptr_array_add(rule->methods, NULL);
	g_ptr_array_add(rule->tags, NULL);
	if (receiving->mark_encrypted != NULL)
		g_ptr_array_add(policy->marks, receiving->mark_encrypted);
	if (receiving->mark_signed != NULL)
		g_ptr_array_add(policy->marks, receiving->mark_signed);
	g_ptr_array_add(policy->receiving, rule);
}

static bool
offers_plain(const struct rule *rule)
{
	return g_strv_contains((const char *const *)rule->methods->pdata, "plain");
}

/* Conditions that are written alike and read alike have the same answer, which is found once. */
static void
number_conditions(struct parser *parser, const struct rule *rule)
{
	for (guint i = 0; i < rule->leaves->len; i++) {
		struct condition *condition = g_ptr_array_index(rule->leaves, i);
		char *written =
			g_strconcat(condition->asks_less ? "less " : "", condition->text, NULL);
		gpointer index;

		if (g_hash_table_lookup_extended(parser->indexes, written, NULL, &index)) {
			condition->index = GPOINTER_TO_UINT(index);
			g_free(written);
		} else {
			condition->index = parser->policy->condition_count++;
			g_hash_table_insert(parser->indexes, written,
					    GUINT_TO_POINTER(condition->index));
		}
	}
}

/* A tag that asks for less protection must be the sender's own, and every program must read it; one
 * that asks for more counts even if that is in doubt. `negated`: an odd number of times. */
static void
find_tags(struct rule *rule, const GPtrArray *conditions, bool negated)
{
	for (guint i = 0; i < conditions->len; i++) {
		struct condition *condition = g_ptr_array_index(conditions, i);
		const bool is_not = negated != condition->negated;

		condition->asks_less = offers_plain(rule) != is_not;
		if (condition->group != NULL)
			find_tags(rule, condition->group, is_not);
		else if (condition->matcher == &match_subject_tag && !is_not)
			g_ptr_array_add(rule->tags, condition->name);
	}
}

static void
add_sending(struct parser *parser, const struct place *place, struct rule *rule)
{
	g_ptr_array_add(rule->methods, NULL);
	check_options(parser, place, rule);
	find_tags(rule, rule->conditions, false);
	g_ptr_array_add(rule->tags, NULL);
	g_ptr_array_add(parser->policy->rules, rule);
}

static void
find_leaves(struct rule *rule, const GPtrArray *conditions)
{
	for (guint i = 0; i < conditions->len; i++) {
		struct condition *condition = g_ptr_array_index(conditions, i);

		if (condition->group == NULL)
			g_ptr_array_add(rule->leaves, condition);
		else
			find_leaves(rule, condition->group);
	}
}

/* Conditions joined by `or` without parentheses around them. */
static void
write_alternatives(struct condition *condition)
{
	GString *text;

	if (condition->text != NULL)
		return;
	text = g_string_new(NULL);
	for (guint i = 0; i < condition->group->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? " or " : "",
			((const struct condition *)g_ptr_array_index(condition->group, i))->text);
	condition->text = g_string_free(text, FALSE);
}

void
parser_rule(struct parser *parser, const struct place *place, const struct place *sentence,
	    struct rule *rule)
{
	rule->place = *place;
	rule->text = source_text(parser, sentence);
	for (guint i = 0; i < rule->conditions->len; i++)
		write_alternatives(g_ptr_array_index(rule->conditions, i));
	find_leaves(rule, rule->conditions);
	if (rule->receiving.is_receiving)
		add_receiving(parser, rule);
	else
		add_sending(parser, place, rule);
	number_conditions(parser, rule);
	if (rule->name != NULL)
		g_ptr_array_add(rule->watches ? parser->policy->watching_names
					      : parser->policy->deciding_names,
				rule->name);
}

/* --- tables that are named --- */

/* The table of a setting: domains, or networks. */
static void
use_setting(const struct parser *parser, struct condition *condition)
{
	const struct settings *settings = parser->policy->settings;
	const bool is_client = condition->matcher == &match_client;
	struct fault
		fault; /* wrong networks are reported elsewhere, and there are no wrong domains */

	condition->table = table_new(NULL, &table_inline, NULL);
	condition->table->content = content_of(condition->matcher);
	for (char **entry = is_client ? settings->networks : settings->domains;
	     entry != NULL && *entry != NULL; entry++)
		(void)table_add(condition->table, *entry, &fault);
}

static void
tell_content(struct parser *parser, const struct table_use *use, enum table_content found,
	     enum table_content wanted)
{
	const char *how = table_content_shown(wanted);
	g_autofree char *defined =
		wanted == TABLE_OF_ADDRESSES
			? g_strdup("")
			: g_strdup_printf(", which is defined as `table name %s`", how);

	parser_error(parser, &use->place, "found <%s>, a table of %s, expected a table of %s%s",
		     use->name, table_content_shown(found), how, defined);
}

static void
use_table(struct parser *parser, const struct table_use *use)
{
	struct table *table = policy_find_table(parser->policy, use->name);
	const enum table_content wanted =
		use->condition == NULL ? TABLE_OF_ADDRESSES : content_of(use->condition->matcher);

	if (table == NULL)
		parser_error(parser, &use->place,
			     "found <%s>, expected a table that is defined in the file", use->name);
	else if (table->content != wanted)
		tell_content(parser, use, table->content, wanted);
	else if (wanted == TABLE_OF_WORDS && use->condition->size > dictionary_size(table->words))
		parser_error(parser, &use->place,
			     "found at least %u after <%s>, expected at most %u: it has no more "
			     "entries",
			     (unsigned)use->condition->size, use->name,
			     dictionary_size(table->words));
	else if (use->hold != NULL)
		parser_resolve_officers(parser, use, table);
	else if (use->condition != NULL)
		use->condition->table = table;
}

void
parser_resolve_tables(struct parser *parser)
{
	for (guint i = 0; i < parser->uses->len; i++) {
		const struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (use->name != NULL)
			use_table(parser, use);
		else if (use->condition != NULL)
			use_setting(parser, use->condition);
	}
}
