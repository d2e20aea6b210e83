/* Rules that make messages wait for approval. */
#include <string.h>

#include "policy/parser.h"

enum { APPROVERS_MAX = 50 }; /* each of them gets a mail about each message */

struct rule_hold *
parser_hold(struct parser *parser, char *reason, const struct place *table_place, char *table,
	    const struct rule_options *options)
{
	struct rule_hold *hold = g_new0(struct rule_hold, 1);
	const struct table_use use = {NULL, hold, table, *table_place};

	hold->reason = reason;
	hold->officers = g_strdup(table);
	hold->approvers = g_ptr_array_new_with_free_func(g_free);
	hold->said = (struct policy_hold){.reason = hold->reason,
					  .officers = hold->officers,
					  .expire_seconds = options->expire_seconds,
					  .show_subject = options->show_subject};
	g_array_append_val(parser->uses, use);
	return hold;
}

static int
compare(gconstpointer one, gconstpointer other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* A domain names nobody who could be asked. */
static bool
take_addresses(struct parser *parser, const struct table_use *use, const struct table *table)
{
	GHashTableIter entries;
	gpointer entry;

	g_hash_table_iter_init(&entries, table->entries);
	while (g_hash_table_iter_next(&entries, &entry, NULL)) {
		if (strchr(entry, '@') == NULL) {
			parser_error(parser, &use->place,
				     "found <%s>, which has the entry \"%s\", expected addresses "
				     "only: each of those who approve is sent a link",
				     use->name, (const char *)entry);
			return false;
		}
		g_ptr_array_add(use->hold->approvers, g_strdup(entry));
	}
	return true;
}

void
parser_resolve_officers(struct parser *parser, const struct table_use *use,
			const struct table *table)
{
	GPtrArray *approvers = use->hold->approvers;

	if (table->kind == &table_database || table->kind == &table_directory) {
		parser_error(parser, &use->place,
			     "found <%s>, which is asked about one address at a time, expected a "
			     "table that lists addresses: each of those who approve is sent a link",
			     use->name);
		return;
	}
	if (!take_addresses(parser, use, table))
		return;
	if (approvers->len == 0 || approvers->len > APPROVERS_MAX)
		parser_error(parser, &use->place,
			     "found <%s>, which has %u addresses, expected 1 to %d of those who "
			     "approve",
			     use->name, approvers->len, APPROVERS_MAX);
	g_ptr_array_sort(approvers, compare);
	g_ptr_array_add(approvers, NULL);
	use->hold->said.approvers = (const char *const *)approvers->pdata;
}
