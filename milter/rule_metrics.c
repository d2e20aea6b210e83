#include "milter/rule_metrics.h"

#include "core/metrics.h"

/* The names of rules contain no quotes (policy/parser.c); caller frees. */
static char *
labels(const char *name, bool watching)
{
	return g_strdup_printf("rule=\"%s\",effect=\"%s\"", name, watching ? "watched" : "decided");
}

static void
expect(const char *const *names, bool watching)
{
	for (; *names != NULL; names++) {
		g_autofree char *series = labels(*names, watching);

		metrics_expect(METRIC_RULES, series);
	}
}

void
rule_metrics_expect(const struct policy *policy)
{
	expect(policy_names(policy, false), false);
	expect(policy_names(policy, true), true);
}

static void
count(const char *name, bool watching)
{
	g_autofree char *series = labels(name, watching);

	metrics_count(METRIC_RULES, series, 1);
}

void
rule_metrics_count(const struct policy_decision *decision)
{
	for (guint i = 0; decision->watched != NULL && i < decision->watched->len; i++)
		count(g_ptr_array_index(decision->watched, i), true);
	if (decision->name != NULL)
		count(decision->name, false);
}
