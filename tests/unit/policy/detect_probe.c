/*
 * What detectors find in messages: for test_detect_oracle.py and test_checksum_oracle.py.
 *
 * Reads messages from a file, each preceded by its length as a decimal number and a line end, and
 * prints for each a JSON array of what is put on record for the first rule. A second file may have
 * other rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../mail/message_of.h"
#include "delivery/facts.h"
#include "delivery/method.h"
#include "mail/mime_stream.h"

static const char settings[] =
	"organisation \"x\"\ndomains { \"example.com\" }\ndatabase \"x\"\nportal url \"https://x\"\n"
	"opaque \"pass\"\n";
static const char built_in[] =
	"match detect card at least 10000 detect iban detect ahv detect ssn deliver plain\n"
	"otherwise deliver plain\n";

static struct policy *
read_policy(const char *rules)
{
	g_autofree char *path = NULL;
	g_autofree char *all = g_strconcat(settings, rules, NULL);
	int fd = g_file_open_tmp("policy.XXXXXX", &path, NULL);
	struct policy *policy;

	if (fd < 0 || !g_file_set_contents(path, all, -1, NULL))
		exit(1);
	close(fd);
	policy = policy_read(path, methods_for_policy());
	unlink(path);
	if (policy == NULL)
		exit(1);
	return policy;
}

static void
print(struct policy *policy, const char *text, size_t length)
{
	g_autoptr(message_auto) message = message_of_bytes(text, length);
	struct policy_question *question;
	struct policy_decision decision;
	const struct documents_settings documents = {.reader = NULL};
	struct facts facts;
	struct fault fault;
	json_t *found;
	char *line;

	facts_init(&facts, message, policy_settings(policy), &documents, NULL);
	question = policy_question_new(policy, NULL, &facts.policy);
	if (!policy_decide(question, "x@example.net", &decision, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		exit(1);
	}
	found = json_object_get(json_array_get(decision.trace, 0), "found");
	line = found == NULL ? NULL : json_dumps(found, JSON_COMPACT);
	puts(line == NULL ? "[]" : line);
	free(line);
	policy_decision_clear(&decision);
	policy_question_free(question);
	facts_clear(&facts);
}

int
main(int argc, char **argv)
{
	g_autofree char *own = NULL;
	g_autoptr(FILE) file = argc >= 2 ? fopen(argv[1], "rb") : NULL;
	struct policy *policy;
	unsigned length;

	if (file == NULL || (argc > 2 && !g_file_get_contents(argv[2], &own, NULL, NULL)))
		return 2;
	policy = read_policy(own == NULL ? built_in : own);
	mime_start();
	while (fscanf(file, "%u%*1[\n]", &length) == 1) {
		g_autofree char *text = g_malloc(length + 1);

		if (fread(text, 1, length, file) != length)
			return 1;
		print(policy, text, length);
	}
	policy_unref(policy);
	return 0;
}
