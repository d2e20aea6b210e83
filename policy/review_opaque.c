/* Rules about what cannot be inspected, and the order in which they decide. */
#include <string.h>

#include "policy/parser.h"

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

static bool
takes_opaque(const struct rule *rule)
{
	return rule_asks_whether_opaque(rule) && !rule->watches && rule->hold == NULL;
}

/* Does a rule that takes what is opaque decide about it before it comes to the other one? */
static bool
takes_opaque_from(const struct rule *rule, const struct rule *other)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if ((condition->matcher != &match_opaque || condition->negated) &&
		    !has_condition(other, condition, condition->negated))
			return false;
	}
	return true;
}

static bool
is_taken_by_any(const GPtrArray *taking, const struct rule *rule)
{
	for (guint i = 0; i < taking->len; i++)
		if (takes_opaque_from(g_ptr_array_index(taking, i), rule))
			return true;
	return false;
}

/* The first of the rules that wait for text before this one; rather one that always does. NULL:
 * none. */
static const struct rule *
find_waiting(const GPtrArray *waiting, const struct rule *rule)
{
	const struct rule *found = NULL;

	for (guint i = 0; i < waiting->len; i++) {
		const struct rule *before = g_ptr_array_index(waiting, i);

		if (name_people(before, rule) || never_match_together(before, rule))
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
warn_of_late(struct parser *parser, const struct rule *rule, const struct rule *before)
{
	g_autofree char *line = rule_line_shown(parser->policy, before);

	parser_warn(parser, &rule->place,
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

void
parser_review_opaque(struct parser *parser)
{
	const GPtrArray *rules = parser->policy->rules;
	g_autoptr(GPtrArray) waiting = g_ptr_array_new(); /* for text */
	g_autoptr(GPtrArray) taking = g_ptr_array_new();  /* what is opaque */

	for (guint i = 0; i < rules->len && parser->policy->settings->opaque != OPAQUE_PASS; i++) {
		const struct rule *rule = g_ptr_array_index(rules, i);
		const struct rule *before =
			rule_asks_whether_opaque(rule) ? find_waiting(waiting, rule) : NULL;

		if (before != NULL)
			warn_of_late(parser, rule, before);
		if (may_wait_for_text(rule) && !is_taken_by_any(taking, rule))
			g_ptr_array_add(waiting, (gpointer)rule);
		if (takes_opaque(rule))
			g_ptr_array_add(taking, (gpointer)rule);
	}
}
