/* Checks the rules as a whole: what is missing, and what can never happen. */
#include <string.h>

#include "core/network.h"
#include "policy/parser.h"

/* What is written in the portal is decided before it becomes a message. */
static void
check_portal_rule(struct parser *parser, const struct rule *rule)
{
	const struct place place = rule->place;
	const struct condition *odd = NULL;
	bool is_for_portal = false;

	for (guint i = 0; i < rule->leaves->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->leaves, i);

		if (condition->matcher == &match_portal) {
			is_for_portal = true;
			if (!g_ptr_array_find(rule->conditions, condition, NULL))
				parser_error(
					parser, &place,
					"found portal beside or or in parentheses, expected it "
					"as a condition of its own");
		} else if (condition->matcher != &match_any &&
			   condition->matcher != &match_sender &&
			   condition->matcher != &match_sender_domain &&
			   condition->matcher != &match_recipient &&
			   condition->matcher != &match_recipient_domain &&
			   condition->matcher != &match_time)
			odd = condition;
	}
	if (is_for_portal && odd != NULL)
		parser_error(
			parser, &place,
			"found %s beside portal, expected only sender, recipient and time there",
			odd->text);
	if (is_for_portal && rule->refuse != NULL)
		parser_error(
			parser, &place,
			"found refuse recipient beside portal, expected reject: whoever writes "
			"there is told at once");
	if (is_for_portal && rule->hold != NULL)
		parser_error(parser, &place,
			     "found hold beside portal, expected deliver or reject: what is "
			     "written there is decided at once");
	if (is_for_portal && rule->options.added != NULL)
		parser_error(parser, &place,
			     "found add header beside portal, expected it in rules about mail: "
			     "what is written in the portal has no header of its sender's");
}

static bool match_always(const GPtrArray *conditions, bool either);

static bool
holds_always(const struct condition *condition)
{
	if (condition->negated)
		return false;
	if (condition->group != NULL)
		return match_always(condition->group, condition->matcher == &match_either);
	return condition->matcher == &match_any;
}

/* Do all of these conditions always hold, or one of them? `not any` is reported separately. */
static bool
match_always(const GPtrArray *conditions, bool either)
{
	for (guint i = 0; i < conditions->len; i++)
		if (holds_always(g_ptr_array_index(conditions, i)) == either)
			return either;
	return !either;
}

static void
check_rule(struct parser *parser, const struct rule *rule)
{
	const struct place place = rule->place;

	check_portal_rule(parser, rule);
	if (rule->conditions->len == 0)
		parser_error(parser, &place,
			     "found otherwise before other rules, expected it last");
	else if (match_always(rule->conditions, false) && !rule->watches && rule->hold == NULL)
		parser_error(
			parser, &place,
			"found a rule that always matches before other rules, which would never "
			"be tried; expected otherwise, as the last rule");
	for (guint i = 0; i < rule->leaves->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->leaves, i);

		if (condition->matcher == &match_any && condition->negated)
			parser_error(parser, &place, "found not any, which never matches");
	}
}

/* Only a Postfix transport refuses connections that are not verified. */
static void
check_mta(struct parser *parser, const struct rule *rule)
{
	const struct place place = rule->place;

	for (guint i = 0; i + 1 < rule->methods->len; i++) {
		const char *name = g_ptr_array_index(rule->methods, i);

		if (parser_find_method(parser, name)->verified)
			parser_error(parser, &place,
				     "found %s with mta \"sendmail\", expected another method: "
				     "Sendmail cannot be made to send a message over verified TLS "
				     "or not at all",
				     name);
	}
}

/* Mail that comes in is decided by what is visible from outside: it must not wait for something
 * that cannot be looked into. */
static void
check_receiving(struct parser *parser, const struct rule *rule)
{
	static const struct matcher *const known[] = {&match_any,
						      &match_sender,
						      &match_sender_domain,
						      &match_recipient,
						      &match_recipient_domain,
						      &match_subject_tag,
						      &match_header,
						      &match_size_over,
						      &match_size_under,
						      &match_encrypted,
						      &match_signed,
						      &match_subject_regex,
						      &match_client,
						      &match_time};
	const struct place place = rule->place;

	for (guint i = 0; i < rule->leaves->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->leaves, i);
		bool is_known = false;

		for (size_t k = 0; k < G_N_ELEMENTS(known); k++)
			is_known = is_known || condition->matcher == known[k];
		if (!is_known)
			parser_error(
				parser, &place,
				"found %s in a rule for mail that comes in, expected only any, "
				"sender, recipient, subject, header, size, client, time, "
				"encrypted and signed there",
				condition->text);
	}
}

/* Which clients are ours must be said, not guessed: it decides which rules apply. */
static void
check_networks(struct parser *parser)
{
	const struct policy *policy = parser->policy;
	const struct rule *first = g_ptr_array_index(policy->receiving, 0);
	const struct place place = first->place;

	if (policy->settings->networks[0] == NULL)
		parser_error(parser, &place,
			     "found a rule for mail that comes in, expected the setting networks, "
			     "which says whose mail goes out");
	for (char **text = policy->settings->networks; *text != NULL; text++) {
		struct network network;

		if (!network_parse(&network, *text))
			parser_error(parser, &place,
				     "found \"%s\" in the setting networks, expected an address or "
				     "a network such as 10.0.0.0/8",
				     *text);
	}
}

static char *
conditions_text(const struct rule *rule)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < rule->conditions->len; i++)
		g_string_append_printf(
			text, "%s\n",
			((const struct condition *)g_ptr_array_index(rule->conditions, i))->text);
	return g_string_free(text, FALSE);
}

static void
warn_of_repeated(struct parser *parser)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < parser->policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(parser->policy->rules, i), *earlier;
		g_autofree char *line = NULL;
		char *text;

		/* The next rule decides what was approved. */
		if (rule->watches || rule->hold != NULL)
			continue;
		text = conditions_text(rule);
		earlier = g_hash_table_lookup(seen, text);
		if (earlier != NULL) {
			line = rule_line_shown(parser->policy, earlier);
			parser_warn(
				parser, &rule->place,
				"this rule never decides: the one in %s has the same conditions",
				line);
		}
		g_hash_table_insert(seen, text, (gpointer)(earlier != NULL ? earlier : rule));
	}
}

/* A message remembers the rules for which it was approved by their texts. */
static void
warn_of_holding_twice(struct parser *parser)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < parser->policy->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(parser->policy->rules, i), *earlier;
		g_autofree char *line = NULL;

		if (rule->hold == NULL)
			continue;
		earlier = g_hash_table_lookup(seen, rule->text);
		if (earlier == NULL) {
			g_hash_table_insert(seen, rule->text, (gpointer)rule);
			continue;
		}
		line = rule_line_shown(parser->policy, earlier);
		parser_warn(parser, &rule->place,
			    "this rule asks nobody: it reads like the one in %s, and whoever "
			    "approves a message for that one approves it for this one too",
			    line);
	}
}

static void
check_names(struct parser *parser, const GPtrArray *rules, GHashTable *seen)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(rules, i), *earlier;
		g_autofree char *line = NULL;

		if (rule->name == NULL)
			continue;
		earlier = g_hash_table_lookup(seen, rule->name);
		if (earlier == NULL) {
			g_hash_table_insert(seen, rule->name, (gpointer)rule);
			continue;
		}
		line = rule_line_shown(parser->policy, earlier);
		parser_error(parser, &rule->place,
			     "found a second rule \"%s\", expected another name: the one in %s "
			     "has it",
			     rule->name, line);
	}
}

void
parser_review(struct parser *parser)
{
	const GPtrArray *rules = parser->policy->rules;
	const struct rule *last = rules->len == 0 ? NULL : g_ptr_array_index(rules, rules->len - 1);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	if (last == NULL || last->conditions->len > 0)
		parser_error(
			parser, &parser->configuration->end,
			"found the end of the file, expected a last rule that begins with otherwise");
	for (guint i = 0; i + 1 < rules->len; i++)
		check_rule(parser, g_ptr_array_index(rules, i));
	for (guint i = 0; i < rules->len && parser->policy->settings->mta == MTA_SENDMAIL; i++)
		check_mta(parser, g_ptr_array_index(rules, i));
	for (guint i = 0; i < parser->policy->receiving->len; i++)
		check_receiving(parser, g_ptr_array_index(parser->policy->receiving, i));
	if (parser->policy->receiving->len > 0)
		check_networks(parser);
	check_names(parser, rules, names);
	check_names(parser, parser->policy->receiving, names);
	warn_of_repeated(parser);
	warn_of_holding_twice(parser);
	parser_review_opaque(parser);
}
