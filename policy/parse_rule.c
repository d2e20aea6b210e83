/* What a rule does: its name, methods and options. */
#include <string.h>

#include "policy/parser.h"

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

/* --- methods --- */

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

/* --- options --- */

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
		parser_warn(
			parser, place,
			"hide subject has no effect: none of the methods encrypts what is sent "
			"(smime, pgp); the link to pick a message up never comes with its subject");
}

/* --- mail that comes in --- */

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

/* --- the whole rule --- */

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
	rule->text = parser_source_text(parser, sentence);
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
