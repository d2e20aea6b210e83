/*
 * Asks postseal-finder what the words say, all at the same time, for the system tests:
 *   finder_probe SOCKET SECONDS WISH SUBJECT...
 * Prints one line of JSON for each question, in their order, with items in hexadecimal digits.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "keystore/finder.h"

static const char *const wishes[FINDER_WISHES] = {
	[FINDER_PING] = "ping",
	[FINDER_WKD] = "wkd",
	[FINDER_OPENPGPKEY] = "openpgpkey",
	[FINDER_SMIMEA] = "smimea",
	[FINDER_LDAP_SMIME] = "ldap_smime",
	[FINDER_LDAP_PGP] = "ldap_pgp",
	[FINDER_LDAP_ENTRY] = "ldap_entry",
	[FINDER_SERVERS] = "servers",
	[FINDER_MTA_STS] = "mta_sts",
	[FINDER_TLSA] = "tlsa",
	[FINDER_FETCH] = "fetch",
	[FINDER_OCSP] = "ocsp",
	[FINDER_DNSSEC] = "dnssec",
};

static enum finder_wish
wish_of(const char *word)
{
	for (int i = 0; i < FINDER_WISHES; i++)
		if (strcmp(wishes[i], word) == 0)
			return (enum finder_wish)i;
	fprintf(stderr, "there is no wish %s\n", word);
	exit(EXIT_FAILURE);
}

static char *
hexadecimal(GBytes *item)
{
	size_t length;
	const unsigned char *data = g_bytes_get_data(item, &length);
	GString *text = g_string_sized_new(2 * length + 1);

	for (size_t i = 0; i < length; i++)
		g_string_append_printf(text, "%02x", data[i]);
	return g_string_free(text, FALSE);
}

static void
print(const struct finder_answer *answer)
{
	json_t *items = json_array();
	g_autoptr(json_t) line = NULL;

	for (guint i = 0; answer->items != NULL && i < answer->items->len; i++) {
		g_autofree char *item = hexadecimal(g_ptr_array_index(answer->items, i));

		json_array_append_new(items, json_string(item));
	}
	line = json_pack("{s:s, s:i, s:b, s:s?, s:s?, s:o}", "outcome",
			 finder_outcome_name(answer->outcome), "lifetime", (int)answer->lifetime,
			 "secure", answer->secure, "place", answer->place, "why", answer->why,
			 "items", items);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	size_t count = argc < 5 ? 0 : (size_t)(argc - 3) / 2;
	g_autofree struct finder_question *questions = g_new0(struct finder_question, count);
	g_autofree struct finder_answer *answers = g_new0(struct finder_answer, count);
	struct fault fault;

	if (count == 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < count; i++) {
		questions[i].wish = wish_of(argv[3 + 2 * i]);
		questions[i].subject = argv[4 + 2 * i];
	}
	if (!finder_ask(argv[1], questions, count,
			g_get_monotonic_time() + atoi(argv[2]) * G_USEC_PER_SEC, answers, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < count; i++) {
		print(&answers[i]);
		finder_answer_clear(&answers[i]);
	}
	return EXIT_SUCCESS;
}
