#include <string.h>

#include "policy/rule.h"

enum { TRACE_MAX = 100 };	  /* rules; if there are more, the last ones are kept */
enum { UNKNOWN, NO, YES, MAYBE }; /* MAYBE: what the condition asks about cannot be looked into */

static const char refusal[] =
	"Part of the message cannot be inspected, which your organisation's rules require.";

struct policy_question *
policy_question_new(struct policy *policy, struct database *database,
		    const struct policy_facts *facts)
{
	struct policy_question *question = g_new0(struct policy_question, 1);

	question->policy = policy_ref(policy);
	question->database = database;
	question->facts = *facts;
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

struct trial {
	const struct condition
		*failed; /* the condition that did not hold, or NULL if the rule matched */
	const struct condition
		*unseen; /* the condition that cannot be answered, if all others hold; or NULL */
};

static bool
try_rule(struct policy_question *question, const struct rule *rule, struct trial *trial,
	 struct fault *fault)
{
	*trial = (struct trial){0};
	for (guint i = 0; i < rule->conditions->len; i++) {
		const struct condition *condition = g_ptr_array_index(rule->conditions, i);
		unsigned char answer;

		if (!test(question, condition, &answer, fault))
			return fault_within(fault, "deciding by the rule in line %u", rule->line);
		if (answer == MAYBE && trial->unseen == NULL)
			trial->unseen = condition;
		if (answer == NO) {
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

	if (!question->facts.opaque(question->facts.context, &opaque, fault))
		return false;
	return fault_set(
		fault, FAULT_CONFIG,
		"deciding by the rule in line %u: `%s` cannot be answered, because %s (a rule "
		"`match opaque` before it or the setting opaque can decide about such messages)",
		rule->line, unseen->text, opaque.why);
}

static json_t *
trace_step(const struct rule *rule, const struct condition *failed)
{
	json_t *step = json_pack("{s:i, s:s, s:b}", "line", (int)rule->line, "rule", rule->text,
				 "matched", failed == NULL);

	if (failed != NULL)
		json_object_set_new(step, "because_not", json_string(failed->text));
	return step;
}

/* The condition that failed in each rule. A ring buffer: only the last rules are kept. */
struct trail {
	const struct condition *failed[TRACE_MAX];
	guint count;
};

static json_t *
trace(const GPtrArray *rules, const struct trail *trail)
{
	json_t *list = json_array();
	guint first = trail->count > TRACE_MAX ? trail->count - TRACE_MAX : 0;

	for (guint i = first; i < trail->count; i++)
		json_array_append_new(list, trace_step(g_ptr_array_index(rules, i),
						       trail->failed[i % TRACE_MAX]));
	return list;
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
fill(struct policy_decision *decision, const struct rule *rule)
{
	decision->line = rule->line;
	decision->rule = rule->text;
	decision->reject = rule->reject;
	decision->methods = (const char *const *)rule->methods->pdata;
	/* A rule about mail that comes in asks for none. */
	decision->levels = rule->levels->len > 0 ? (const char *const *)rule->levels->pdata : NULL;
	decision->tags = (const char *const *)rule->tags->pdata;
	decision->expire_seconds = rule->options.expire_seconds;
	decision->hide_subject = rule->options.hide_subject;
	decision->receipt = rule->options.receipt;
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

/* The first of the rules that matches; *rule_r is NULL if none does. */
static bool
decide_by(struct policy_question *question, const GPtrArray *rules,
	  struct policy_decision *decision_r, const struct rule **rule_r, struct fault *fault)
{
	static char text[] = "portal";
	static const struct condition elsewhere = {.text = text};
	const struct policy *policy = question->policy;
	struct trail trail = {.count = 0};

	*rule_r = NULL;
	for (guint i = 0; i < rules->len && *rule_r == NULL; i++) {
		const struct rule *rule = g_ptr_array_index(rules, i);
		struct trial trial = {0};

		if (question->facts.is_portal && !is_for_portal(rule))
			trial.failed = &elsewhere;
		else if (!try_rule(question, rule, &trial, fault))
			return false;
		trail.failed[i % TRACE_MAX] = trial.failed;
		trail.count = i + 1;
		if (trial.failed != NULL)
			continue;
		if (trial.unseen != NULL && policy->settings->opaque == OPAQUE_WAIT)
			return wait_for_rule(question, rule, trial.unseen, fault);
		fill(decision_r, rule);
		if (trial.unseen != NULL)
			decision_r->reject = refusal;
		*rule_r = rule;
	}
	decision_r->trace = trace(rules, &trail);
	return true;
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
	*decision = (struct policy_decision){0};
}
