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

/* Is the answer unknown for whatever cannot be looked into, unless a part that can be matches? */
static bool
asks_for_text(const struct condition *condition)
{
	const bool either = condition->matcher == &match_either;

	if (condition->group == NULL)
		return condition->matcher->sees == SEES_TEXT;
	for (guint i = 0; i < condition->group->len; i++)
		if (asks_for_text(g_ptr_array_index(condition->group, i)) == either)
			return either;
	return !either;
}

/* The same for all of a rule's conditions: one that is known not to hold would settle it. */
static bool
waits_for_text(const struct rule *rule)
{
	for (guint i = 0; i < rule->conditions->len; i++)
		if (!asks_for_text(g_ptr_array_index(rule->conditions, i)))
			return false;
	return rule->conditions->len > 0 && !rule->watches;
}

/* Is the answer unknown for some of what cannot be looked into? */
static bool
may_ask_for_text(const struct condition *condition)
{
	if (condition->group == NULL)
		return condition->matcher->sees == SEES_TEXT;
	for (guint i = 0; i < condition->group->len; i++)
		if (may_ask_for_text(g_ptr_array_index(condition->group, i)))
			return true;
	return false;
}

static bool
may_wait_for_text(const struct rule *rule)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (may_ask_for_text(condition) && !rule_asks_for_the_rest(rule, condition))
			return !rule->watches;
	}
	return false;
}

static const char *
without_not(const struct condition *condition)
{
	return condition->text + (g_str_has_prefix(condition->text, "not ") ? 4 : 0);
}

static bool
has_condition(const struct rule *rule, const struct condition *wanted, bool negated)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (condition->negated == negated &&
		    strcmp(without_not(condition), without_not(wanted)) == 0)
			return true;
	}
	return false;
}

/* Of a sender, or of a recipient. */
static bool
has_person(const struct rule *rule, const struct matcher *address, const struct matcher *domain)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (!condition->negated &&
		    (condition->matcher == address || condition->matcher == domain))
			return true;
	}
	return false;
}

/* Are both about particular people, who may be the same? Whoever wrote that knows. */
static bool
name_people(const struct rule *one, const struct rule *other)
{
	return (has_person(one, &match_sender, &match_sender_domain) &&
		has_person(other, &match_sender, &match_sender_domain)) ||
	       (has_person(one, &match_recipient, &match_recipient_domain) &&
		has_person(other, &match_recipient, &match_recipient_domain));
}

/* Does one require what the other rules out? */
static bool
never_match_together(const struct rule *one, const struct rule *other)
{
	for (guint i = 0; i < one->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(one->conditions, i);

		if (has_condition(other, condition, !condition->negated))
			return true;
	}
	return false;
}

/* Does a rule decide whatever cannot be inspected, before it comes to the other one? */
static bool
takes_opaque_from(const struct rule *rule, const struct rule *other)
{
	if (!rule_asks_whether_opaque(rule) || rule->watches || rule->hold != NULL)
		return false;
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if ((condition->matcher != &match_opaque || condition->negated) &&
		    !has_condition(other, condition, condition->negated))
			return false;
	}
	return true;
}

static bool
is_taken_before(const GPtrArray *rules, guint index)
{
	for (guint i = 0; i < index; i++)
		if (takes_opaque_from(g_ptr_array_index(rules, i), g_ptr_array_index(rules, index)))
			return true;
	return false;
}

/* The first rule before this one that waits for text; rather one that always does. NULL: none. */
static const struct rule *
find_waiting(const GPtrArray *rules, guint index)
{
	const struct rule *rule = g_ptr_array_index(rules, index), *found = NULL;

	for (guint i = 0; i < index; i++) {
		const struct rule *before = g_ptr_array_index(rules, i);

		if (!may_wait_for_text(before) || name_people(before, rule) ||
		    never_match_together(before, rule) || is_taken_before(rules, i))
			continue;
		if (waits_for_text(before))
			return before;
		if (found == NULL)
			found = before;
	}
	return found;
}

/* What cannot be inspected never comes to a rule about it behind one that asks for text, or not
 * all of it where that one asks only of some. */
static void
warn_of_opaque_too_late(struct parser *parser)
{
	const GPtrArray *rules = parser->policy->rules;

	for (guint i = 0; i < rules->len && parser->policy->settings->opaque != OPAQUE_PASS; i++) {
		const struct rule *rule = g_ptr_array_index(rules, i), *before;
		g_autofree char *line = NULL;

		if (!rule_asks_whether_opaque(rule) || (before = find_waiting(rules, i)) == NULL)
			continue;
		line = rule_line_shown(parser->policy, before);
		parser_warn(
			parser, &rule->place,
			waits_for_text(before)
				? "this rule comes too late: for what cannot be inspected, the "
				  "one in %s cannot be answered, and the setting opaque decides; "
				  "put this one before it"
				: "this rule comes too late for some mail: where the other "
				  "conditions of the one in %s hold, that cannot be answered "
				  "for what cannot be inspected, and the setting opaque "
				  "decides; put this one before it, or except that mail here with "
				  "not",
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
	warn_of_opaque_too_late(parser);
}
