#include <string.h>

#include "policy/detect.h"
#include "policy/text_words.h"

enum { TRACE_MAX = 100 };	  /* rules; of more, the last ones are kept, and it is said */
enum { UNKNOWN, NO, YES, MAYBE }; /* MAYBE: what the condition asks about cannot be looked into */

struct policy_question *
policy_question_new(struct policy *policy, struct database *database,
		    const struct policy_facts *facts)
{
	struct policy_question *question = g_new0(struct policy_question, 1);

	question->policy = policy_ref(policy);
	question->database = database;
	question->facts = *facts;
	if (facts->time == 0)
		question->facts.time = time(NULL);
	question->known = g_malloc0(policy->condition_count + 1);
	question->known_of_recipient = g_malloc0(policy->condition_count + 1);
	return question;
}

void
policy_question_free(struct policy_question *question)
{
	if (question == NULL)
		return;
	policy_unref(question->policy);
	g_free(question->known);
	g_free(question->known_of_recipient);
	detections_free(question->detections);
	g_clear_pointer(&question->words, g_hash_table_unref);
	g_free(question);
}

/* What was found counts; what was not found may be in content that cannot be looked into. */
static bool
may_be_unseen(const struct policy_question *question, const struct matcher *matcher, bool *unseen_r,
	      struct fault *fault)
{
	struct policy_opaque opaque = {0};

	*unseen_r = false;
	if (matcher->sees == SEES_HEADER || question->policy->settings->opaque == OPAQUE_PASS)
		return true;
	if (!question->facts.opaque(question->facts.context, &opaque, fault))
		return false;
	*unseen_r = matcher->sees == SEES_NAMES ? opaque.names : opaque.text;
	return true;
}

static bool
test(struct policy_question *question, const struct condition *condition, unsigned char *answer_r,
     struct fault *fault)
{
	unsigned char *known =
		condition->matcher->asks_recipient ? question->known_of_recipient : question->known;
	bool matched, unseen = false;

	known += condition->index;
	*answer_r = *known;
	if (*answer_r != UNKNOWN)
		return true;
	if (!condition->matcher->match(question, condition, &matched, fault) ||
	    (!matched && !may_be_unseen(question, condition->matcher, &unseen, fault)))
		return false;
	*answer_r = unseen ? MAYBE : matched != condition->negated ? YES : NO;
	*known = *answer_r;
	return true;
}

static bool answer(struct policy_question *question, const struct condition *condition,
		   unsigned char *answer_r, struct fault *fault);

/* Whether all conditions of a group hold, or one of them (Kleene's three-valued logic). */
static bool
test_group(struct policy_question *question, const struct condition *condition,
	   unsigned char *answer_r, struct fault *fault)
{
	const unsigned char decisive = condition->matcher == &match_either ? YES : NO;
	unsigned char found = decisive == YES ? NO : YES;

	for (guint i = 0; i < condition->group->len && found != decisive; i++) {
		unsigned char each;

		if (!answer(question, g_ptr_array_index(condition->group, i), &each, fault))
			return false;
		if (each == MAYBE || each == decisive)
			found = each;
	}
	if (condition->negated && found != MAYBE)
		found = found == YES ? NO : YES;
	*answer_r = found;
	return true;
}

static bool
answer(struct policy_question *question, const struct condition *condition, unsigned char *answer_r,
       struct fault *fault)
{
	return (condition->group == NULL ? test : test_group)(question, condition, answer_r, fault);
}

bool
rule_asks_whether_opaque(const struct rule *rule)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);

		if (condition->matcher == &match_opaque && !condition->negated)
			return true;
	}
	return false;
}

static bool
has_negation(const struct condition *condition)
{
	if (condition->negated)
		return true;
	for (guint i = 0; condition->group != NULL && i < condition->group->len; i++)
		if (has_negation(g_ptr_array_index(condition->group, i)))
			return true;
	return false;
}

bool
rule_asks_for_the_rest(const struct rule *rule, const struct condition *condition)
{
	return rule_asks_whether_opaque(rule) && !has_negation(condition);
}

struct trial {
	const struct condition
		*failed; /* the condition that did not hold, or NULL if the rule matched */
	const struct condition
		*unseen; /* the condition that cannot be answered, if all others hold; or NULL */
	char *fault;	 /* why a rule that only watches could not be evaluated, or NULL */
};

static bool
try_rule(struct policy_question *question, const struct rule *rule, struct trial *trial,
	 struct fault *fault)
{
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);
		unsigned char found;

		if (!answer(question, condition, &found, fault)) {
			g_autofree char *shown = rule_shown(question->policy, rule);

			return fault_within(fault, "deciding by %s", shown);
		}
		if (found == MAYBE && rule_asks_for_the_rest(rule, condition))
			found = NO;
		if (found == MAYBE && trial->unseen == NULL)
			trial->unseen = condition;
		if (found == NO) {
			*trial = (struct trial){.failed = condition};
			return true;
		}
	}
	return true;
}

/* Promise 1: a rule whose condition cannot be answered is not treated as one that does not match.
 */
static bool
wait_for_rule(const struct policy_question *question, const struct rule *rule,
	      const struct condition *unseen, struct fault *fault)
{
	struct policy_opaque opaque = {0};
	g_autofree char *shown = rule_shown(question->policy, rule);

	if (!question->facts.opaque(question->facts.context, &opaque, fault))
		return false;
	return fault_set(
		fault, FAULT_CONFIG,
		"deciding by %s: `%s` cannot be answered, because %s (a rule `match opaque` before "
		"it or the setting opaque can decide about such messages)",
		shown, unseen->text, opaque.why);
}

/* --- the trace --- */

/* What detectors that the rule names have found, masked, and how many words of tables there are. */
static json_t *
found_for(const struct policy_question *question, const struct rule *rule)
{
	json_t *list = json_array();

	for (guint i = 0; i < rule->leaves->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->leaves, i);
		json_t *found = condition->matcher == &match_text_words
					? text_words_found(question, condition)
					: detect_found(question, condition);

		if (found != NULL)
			json_array_append_new(list, found);
	}
	return list;
}

static json_t *
trace_step(const struct policy_question *question, const struct rule *rule,
	   const struct condition *failed)
{
	g_autoptr(json_t) found = found_for(question, rule);
	const char *file = rule_file(question->policy, rule);
	json_t *step = json_pack("{s:i, s:s, s:b}", "line", (int)rule->place.line, "rule",
				 rule->text, "matched", failed == NULL);

	if (file != NULL)
		json_object_set_new(step, "file", json_string(file));
	if (rule->name != NULL)
		json_object_set_new(step, "name", json_string(rule->name));
	if (rule->watches)
		json_object_set_new(step, "watched", json_true());
	if (failed != NULL)
		json_object_set_new(step, "because_not", json_string(failed->text));
	if (json_array_size(found) > 0)
		json_object_set(step, "found", found);
	return step;
}

/* The condition that failed in each rule. A ring buffer: only the last rules are kept, and those
 * that watched and matched. */
struct trail {
	const struct policy_question *question;
	const struct condition *failed[TRACE_MAX];
	guint count;
	json_t *watched;   /* steps of rules that watch, but for those that did not match */
	GArray *watchings; /* guint: for each of these, the number of its rule */
};

static void
trail_clear(struct trail *trail)
{
	json_decref(trail->watched);
	if (trail->watchings != NULL)
		g_array_unref(trail->watchings);
}

static json_t *
trace(const GPtrArray *rules, const struct trail *trail)
{
	json_t *list = json_array();
	const guint first = trail->count > TRACE_MAX ? trail->count - TRACE_MAX : 0;
	guint watching = 0, watchings = trail->watchings == NULL ? 0 : trail->watchings->len;

	for (; watching < watchings && g_array_index(trail->watchings, guint, watching) < first;
	     watching++)
		json_array_append(list, json_array_get(trail->watched, watching));
	if (first > watching)
		json_array_append_new(list,
				      json_pack("{s:i}", "not_listed", (int)(first - watching)));
	for (guint i = first; i < trail->count; i++) {
		if (watching < watchings && g_array_index(trail->watchings, guint, watching) == i)
			json_array_append(list, json_array_get(trail->watched, watching++));
		else
			json_array_append_new(list, trace_step(trail->question,
							       g_ptr_array_index(rules, i),
							       trail->failed[i % TRACE_MAX]));
	}
	return list;
}

/* What a rule found that decides nothing: it never makes a message wait. */
static void
note_watching(struct trail *trail, struct policy_decision *decision, const struct rule *rule,
	      guint number, const struct trial *trial)
{
	json_t *step = trace_step(trail->question, rule, NULL);

	if (trail->watchings == NULL) {
		trail->watched = json_array();
		trail->watchings = g_array_new(FALSE, FALSE, sizeof number);
	}
	if (trial->fault != NULL || trial->unseen != NULL) {
		json_object_set_new(step, "matched", json_false());
		json_object_set_new(
			step, "unanswered",
			json_string(trial->fault != NULL ? trial->fault : trial->unseen->text));
	} else if (rule->name != NULL) {
		g_ptr_array_add(decision->watched, rule->name);
	}
	json_array_append_new(trail->watched, step);
	g_array_append_val(trail->watchings, number);
}

static bool
is_for_portal(const struct rule *rule)
{
	for (guint i = 0; i < rule->conditions->len; i++)
		if (((const struct condition *)g_ptr_array_index(rule->conditions, i))->matcher ==
		    &match_portal)
			return true;
	return false;
}

static void
fill(const struct policy *policy, struct policy_decision *decision, const struct rule *rule)
{
	decision->file = rule_file(policy, rule);
	decision->line = rule->place.line;
	decision->rule = rule->text;
	decision->name = rule->name;
	decision->reject = rule->reject;
	decision->refuse = rule->refuse;
	decision->hold = rule->hold == NULL ? NULL : &rule->hold->said;
	decision->methods = (const char *const *)rule->methods->pdata;
	/* A rule about mail that comes in asks for none. */
	decision->levels = rule->levels->len > 0 ? (const char *const *)rule->levels->pdata : NULL;
	decision->tags = (const char *const *)rule->tags->pdata;
	decision->expire_seconds = rule->options.expire_seconds;
	decision->hide_subject = rule->options.hide_subject;
	decision->receipt = rule->options.receipt;
	decision->cipher = rule->options.cipher;
	decision->sign = rule->options.sign;
	decision->added = rule->options.added == NULL
				  ? NULL
				  : (const struct policy_field *)rule->options.added->data;
	decision->opens = rule->receiving.opens;
	decision->old_ciphers = rule->receiving.old_ciphers;
	decision->mark_encrypted = rule->receiving.mark_encrypted;
	decision->mark_signed = rule->receiving.mark_signed;
}

static void
begin_recipient(struct policy_question *question, const char *recipient)
{
	question->recipient = recipient;
	memset(question->known_of_recipient, UNKNOWN, question->policy->condition_count);
}

/* What made a message wait, and was approved, does so no more. */
static bool
is_approved(const struct policy_question *question, const struct rule *rule)
{
	return rule->hold != NULL && question->facts.approved != NULL &&
	       g_strv_contains(question->facts.approved, rule->text);
}

/* Does the rule match? A failure of a rule that only watches is part of the answer. */
static bool
look_at(struct policy_question *question, const struct rule *rule, struct trial *trial,
	struct fault *fault)
{
	static char portal[] = "portal", approved[] = "it was approved";
	static const struct condition elsewhere = {.text = portal}, released = {.text = approved};

	*trial = (struct trial){0};
	if (question->facts.is_portal && !is_for_portal(rule))
		trial->failed = &elsewhere;
	else if (is_approved(question, rule))
		trial->failed = &released;
	else if (!try_rule(question, rule, trial, fault)) {
		if (!rule->watches)
			return false;
		*trial = (struct trial){.fault = g_strdup(fault->text)};
	}
	return true;
}

/* The setting opaque is "refuse": the sender learns which attachment it is. */
static bool
refuse_unseen(const struct policy_question *question, struct policy_decision *decision,
	      struct fault *fault)
{
	struct policy_opaque opaque = {0};

	if (!question->facts.opaque(question->facts.context, &opaque, fault))
		return false;
	decision->unseen = g_strdup_printf("The message cannot be inspected, which your "
					   "organisation's rules require: %s.",
					   opaque.why);
	decision->reject = decision->unseen;
	decision->refuse = NULL;
	decision->hold = NULL;
	return true;
}

/* Takes the decision of a rule that matches. */
static bool
decide_with(struct policy_question *question, const struct rule *rule, const struct trial *trial,
	    struct policy_decision *decision, struct fault *fault)
{
	if (trial->unseen != NULL && question->policy->settings->opaque == OPAQUE_WAIT)
		return wait_for_rule(question, rule, trial->unseen, fault);
	fill(question->policy, decision, rule);
	return trial->unseen == NULL || refuse_unseen(question, decision, fault);
}

static bool
try_rules(struct policy_question *question, const GPtrArray *rules, struct trail *trail,
	  struct policy_decision *decision, const struct rule **rule_r, struct fault *fault)
{
	*rule_r = NULL;
	for (guint i = 0; i < rules->len && *rule_r == NULL; i++) {
		const struct rule *rule = g_ptr_array_index(rules, i);
		struct trial trial;
		bool decided = true;

		if (!look_at(question, rule, &trial, fault))
			return false;
		trail->failed[i % TRACE_MAX] = trial.failed;
		trail->count = i + 1;
		if (trial.failed != NULL)
			continue;
		if (rule->watches) {
			note_watching(trail, decision, rule, i, &trial);
		} else {
			decided = decide_with(question, rule, &trial, decision, fault);
			*rule_r = rule;
		}
		g_free(trial.fault);
		if (!decided)
			return false;
	}
	return true;
}

/* The first of the rules that matches; *rule_r is NULL if none does. */
static bool
decide_by(struct policy_question *question, const GPtrArray *rules,
	  struct policy_decision *decision_r, const struct rule **rule_r, struct fault *fault)
{
	struct trail trail = {.question = question};
	bool tried;

	decision_r->watched = g_ptr_array_new();
	tried = try_rules(question, rules, &trail, decision_r, rule_r, fault);
	if (tried)
		decision_r->trace = trace(rules, &trail);
	else
		policy_decision_clear(decision_r);
	trail_clear(&trail);
	return tried;
}

bool
policy_decide(struct policy_question *question, const char *recipient,
	      struct policy_decision *decision_r, struct fault *fault)
{
	const struct rule *rule;

	*decision_r = (struct policy_decision){0};
	begin_recipient(question, recipient);
	if (!decide_by(question, question->policy->rules, decision_r, &rule, fault))
		return false;
	if (rule != NULL) {
		decision_r->is_for_portal = question->facts.is_portal;
		return true;
	}
	policy_decision_clear(decision_r);
	if (question->facts.is_portal)
		return true;
	/* policy_load() accepts no file that does not end with `otherwise`. */
	return fault_set(fault, FAULT_BUG, "deciding for %s: no rule matched", recipient);
}

bool
policy_receive(struct policy_question *question, const char *recipient,
	       struct policy_decision *decision_r, struct fault *fault)
{
	static const char *const only_pass[] = {"pass", NULL}, *const no_tags[] = {NULL};
	const struct rule *rule;

	*decision_r = (struct policy_decision){0};
	begin_recipient(question, recipient);
	if (!decide_by(question, question->policy->receiving, decision_r, &rule, fault))
		return false;
	if (rule == NULL) {
		decision_r->rule = "no rule for mail that comes in matches";
		decision_r->methods = only_pass;
		decision_r->tags = no_tags;
	}
	return true;
}

void
policy_decision_clear(struct policy_decision *decision)
{
	json_decref(decision->trace);
	g_free(decision->unseen);
	if (decision->watched != NULL)
		g_ptr_array_unref(decision->watched);
	*decision = (struct policy_decision){0};
}
