/* How long a decision takes among 10 000 rules, each of which looks into one of ten tables with 100
 * 000 entries. Fails if that is not less than a millisecond. */
#include <stdio.h>
#include <time.h>

#include "delivery/method.h"
#include "policy/policy.h"

#define MILLISECONDS_MAX 1.0

enum { RULES = 10000, TABLES = 10, ENTRIES = 100000, DECISIONS = 2000 };

static char *
write_policy(const char *directory)
{
	g_autoptr(GString) text =
		g_string_new("organisation \"x\"\ndomains { \"example.com\" }\ndatabase \"x\"\n"
			     "portal url \"https://x\"\n");
	char *path = g_build_filename(directory, "postseal.conf", NULL);

	for (int t = 0; t < TABLES; t++) {
		g_autoptr(GString) entries = g_string_new(NULL);
		g_autofree char *name = g_strdup_printf("%s/table%d", directory, t);

		for (int i = 0; i < ENTRIES; i++)
			g_string_append_printf(entries, "u%d.t%d@x%d.example\n", i, t, i % 1000);
		g_file_set_contents(name, entries->str, -1, NULL);
		g_string_append_printf(text, "table t%d file \"%s\"\n", t, name);
	}
	for (int i = 0; i < RULES; i++)
		g_string_append_printf(
			text, "match recipient in <t%d> sender \"s%d@example.com\" deliver plain\n",
			i % TABLES, i);
	g_string_append(text, "otherwise deliver plain\n");
	g_file_set_contents(path, text->str, -1, NULL);
	return path;
}

/* Microseconds of the processor: the machine may be busy with something else. */
static gint64
spent(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

int
main(void)
{
	g_autofree char *directory = g_dir_make_tmp("postseal-bench.XXXXXX", NULL);
	g_autofree char *path = write_policy(directory);
	struct policy *policy = policy_read(path, methods_for_policy());
	const struct policy_facts facts = {.sender = "nobody@example.com", .subject = ""};
	double milliseconds;
	bool good;
	gint64 begin;

	if (policy == NULL)
		return 1;
	begin = spent();
	for (int i = 0; i < DECISIONS; i++) {
		g_autofree char *recipient = g_strdup_printf("u%d.t3@x%d.example", i, i % 1000);
		struct policy_question *question = policy_question_new(policy, NULL, &facts);
		struct policy_decision decision;
		struct fault fault;

		if (!policy_decide(question, recipient, &decision, &fault))
			return 1;
		policy_decision_clear(&decision);
		policy_question_free(question);
	}
	milliseconds = (double)(spent() - begin) / 1000 / DECISIONS;
	good = milliseconds < MILLISECONDS_MAX;
	printf("a decision among %d rules and tables of %d entries: %.3f ms of the processor, which is %s (to reach: less than %.0f ms)\n",
	       RULES, ENTRIES, milliseconds, good ? "within the bar" : "OVER the bar",
	       MILLISECONDS_MAX);
	policy_unref(policy);
	return good ? 0 : 1;
}
