/*
 * Can DNSSEC be validated: does the keys' name of the trust anchor (finder anchor) show keys that
 * the anchor vouches for? A resolver that does not pass signatures on (RFC 4035 §3.2.1), a network
 * that keeps them away, an anchor that is out of date and a clock that is wrong all fail here.
 */
#include <errno.h>
#include <string.h>

#include "keystore/finder/dane.h"
#include "keystore/finder/resolver.h"

/* The owner of the first record in the file, without the dot at its end, or "."; NULL: there is
 * none. Caller frees. */
static char *
owner_in(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const size_t length = strcspn(g_strstrip(*line), " \t;");

		if (length == 0)
			continue;
		return g_strndup(*line,
				 length > 1 && (*line)[length - 1] == '.' ? length - 1 : length);
	}
	return NULL;
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	const char *anchor = task->settings->finder_anchor;
	g_autofree char *text = NULL, *owner = NULL;
	g_auto(dns_answer_auto) keys = {0};

	if (g_file_get_contents(anchor, &text, NULL, NULL))
		owner = owner_in(text);
	if (owner == NULL) {
		finder_failed(answer, "there is no trust anchor in %s", anchor);
		return;
	}
	dns_ask(resolver(), &(struct dns_question){owner, DNS_DNSKEY}, 1, task->until, &keys);
	if (!dane_settle(&keys, answer))
		finder_found(answer, g_bytes_new(owner, strlen(owner)));
	else if (answer->outcome == FINDER_NOTHING)
		finder_failed(answer, "%s shows no keys that %s vouches for", owner, anchor);
}

const struct finder finder_dnssec = {
	.wish = FINDER_DNSSEC, .is_shared = true, .begin = resolver_begin, .ask = ask};
