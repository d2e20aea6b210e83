/* Tables, and the conditions that name them. */
#include <string.h>

#include "policy/parser.h"

/* --- a table of the file --- */

void
parser_add_entries(struct parser *parser, const struct place *place, struct table *table,
		   const GPtrArray *entries)
{
	struct fault fault;

	for (guint i = 0; entries != NULL && i < entries->len; i++)
		if (!table_add(table, g_ptr_array_index(entries, i), &fault))
			parser_error(parser, place, "found an entry that matches %s: %s",
				     table->content == TABLE_OF_ADDRESSES ? "nobody" : "nothing",
				     fault.text);
}

/* A query has one parameter; without it, the answer would be the same for everybody. */
static void
check_query(struct parser *parser, const struct place *place, const char *query)
{
	g_autoptr(GRegex) parameter = g_regex_new("\\$[0-9]+", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	bool asks = false;

	for (g_regex_match(parameter, query, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *found = g_match_info_fetch(match, 0);

		asks |= strcmp(found, "$1") == 0;
		if (strcmp(found, "$1") != 0)
			parser_error(
				parser, place,
				"found %s in the query, expected only $1, the address or domain",
				found);
	}
	if (!asks)
		parser_error(
			parser, place,
			"found a query without $1, expected one that uses it as the address or "
			"domain");
}

bool
parser_name_is_new(struct parser *parser, const struct place *place, const char *name)
{
	if (policy_find_table(parser->policy, name) == NULL)
		return true;
	parser_error(parser, place, "found a second table <%s>, expected another name", name);
	return false;
}

static void
add_table(struct parser *parser, const struct place *place, const char *name,
	  const struct table_kind *kind, enum table_content content, const char *source,
	  const GPtrArray *entries)
{
	struct table *table;
	struct fault fault;

	if (!parser_name_is_new(parser, place, name))
		return;
	table = table_new(name, kind, source);
	table->content = content;
	g_ptr_array_add(parser->policy->tables, table);
	parser_add_entries(parser, place, table, entries);
	if (kind == &table_database)
		check_query(parser, place, source);
	if (kind->load != NULL && !kind->load(table, &fault))
		parser_error(parser, place, "%s", fault.text);
}

void
parser_table(struct parser *parser, const struct place *place, char *name,
	     const struct table_kind *kind, enum table_content content, char *source,
	     GPtrArray *entries)
{
	g_autofree char *path =
		kind == &table_file ? configuration_path(place, source) : g_strdup(source);

	add_table(parser, place, name, kind, content, path, entries);
	g_free(name);
	g_free(source);
	if (entries != NULL)
		g_ptr_array_unref(entries);
}

/* --- tables that are named --- */

/* The table of a setting: domains, or networks. */
static void
use_setting(const struct parser *parser, struct condition *condition)
{
	const struct settings *settings = parser->policy->settings;
	const bool is_client = condition->matcher == &match_client;
	struct fault
		fault; /* wrong networks are reported elsewhere, and there are no wrong domains */

	condition->table = table_new(NULL, &table_inline, NULL);
	condition->table->content = parser_content_of(condition->matcher);
	for (char **entry = is_client ? settings->networks : settings->domains;
	     entry != NULL && *entry != NULL; entry++)
		(void)table_add(condition->table, *entry, &fault);
}

static void
tell_content(struct parser *parser, const struct table_use *use, enum table_content found,
	     enum table_content wanted)
{
	const char *how = table_content_shown(wanted);
	g_autofree char *defined =
		wanted == TABLE_OF_ADDRESSES
			? g_strdup("")
			: g_strdup_printf(", which is defined as `table name %s`", how);

	parser_error(parser, &use->place, "found <%s>, a table of %s, expected a table of %s%s",
		     use->name, table_content_shown(found), how, defined);
}

static void
use_table(struct parser *parser, const struct table_use *use)
{
	struct table *table = policy_find_table(parser->policy, use->name);
	const enum table_content wanted = use->condition == NULL
						  ? TABLE_OF_ADDRESSES
						  : parser_content_of(use->condition->matcher);

	if (table == NULL)
		parser_error(parser, &use->place,
			     "found <%s>, expected a table that is defined in the file", use->name);
	else if (table->content != wanted)
		tell_content(parser, use, table->content, wanted);
	else if (wanted == TABLE_OF_WORDS && use->condition->size > dictionary_size(table->words))
		parser_error(parser, &use->place,
			     "found at least %u after <%s>, expected at most %u: it has no more "
			     "entries",
			     (unsigned)use->condition->size, use->name,
			     dictionary_size(table->words));
	else if (use->hold != NULL)
		parser_resolve_officers(parser, use, table);
	else if (use->condition != NULL)
		use->condition->table = table;
}

/* --- entries that cannot match --- */

static bool
asks_for_domain(const struct table_use *use)
{
	return use->condition != NULL && (use->condition->matcher == &match_sender_domain ||
					  use->condition->matcher == &match_recipient_domain);
}

static bool
is_only_for_domains(const struct parser *parser, const char *name)
{
	for (guint i = 0; i < parser->uses->len; i++) {
		const struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (use->name != NULL && strcmp(use->name, name) == 0 && !asks_for_domain(use))
			return false;
	}
	return true;
}

/* In the condition itself, an address is an error; a table may be for other conditions as well. */
static void
warn_of_addresses(struct parser *parser, const struct table_use *use)
{
	const struct table *table = use->condition->table;
	GHashTableIter iterator;
	gpointer entry;

	if (table == NULL || !is_only_for_domains(parser, use->name))
		return;
	g_hash_table_iter_init(&iterator, table->entries);
	while (g_hash_table_iter_next(&iterator, &entry, NULL))
		if (strchr(entry, '@') != NULL) {
			parser_warn(parser, &use->place,
				    "the table <%s> has addresses such as %s, and is compared "
				    "with domains alone, so that they match nobody",
				    use->name, (const char *)entry);
			return;
		}
}

void
parser_resolve_tables(struct parser *parser)
{
	for (guint i = 0; i < parser->uses->len; i++) {
		const struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (use->name != NULL)
			use_table(parser, use);
		else if (use->condition != NULL)
			use_setting(parser, use->condition);
	}
	for (guint i = 0; i < parser->uses->len; i++) {
		const struct table_use *use = &g_array_index(parser->uses, struct table_use, i);

		if (use->name != NULL && asks_for_domain(use))
			warn_of_addresses(parser, use);
	}
}
