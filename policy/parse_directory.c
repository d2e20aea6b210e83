/* Tables in directories. */
#include <string.h>

#include "policy/directory_lookup.h"
#include "policy/parser.h"

enum { FILTER_MAX = 2000, LIFETIME_MAX = 86400 };

/* Whatever else is wrong with a filter, the directory says. */
static void
check_filter(struct parser *parser, const struct place *place, const char *filter)
{
	if (strstr(filter, "%s") == NULL)
		parser_error(parser, place,
			     "found a filter without \"%%s\", expected one that has it in place of "
			     "the address or domain");
	if (*filter != '(' || !g_str_has_suffix(filter, ")"))
		parser_error(parser, place,
			     "found \"%s\", expected a filter in parentheses such as \"(&(mail=%%s)"
			     "(department=Legal))\"",
			     filter);
	if (strlen(filter) > FILTER_MAX)
		parser_error(parser, place, "found a filter of %zu characters, expected %d at most",
			     strlen(filter), FILTER_MAX);
}

void
parser_directory_table(struct parser *parser, const struct place *place, char *name,
		       const struct place *filter, struct directory_table directory)
{
	check_filter(parser, filter, directory.filter);
	if (parser_name_is_new(parser, place, name)) {
		struct table *table = table_new(name, &table_directory, directory.filter);
		struct lookup_use use = {.place = *place};

		table->lookup = directory_lookup_new(directory.directory, directory.filter,
						     directory.lifetime);
		use.lookup = table->lookup;
		g_array_append_val(parser->lookups, use);
		g_ptr_array_add(parser->policy->tables, table);
	}
	g_free(name);
	g_free(directory.directory);
	g_free(directory.filter);
}

void
parser_resolve_directories(struct parser *parser)
{
	const struct settings *settings = parser->policy->settings;

	for (guint i = 0; i < parser->lookups->len; i++) {
		const struct lookup_use *use =
			&g_array_index(parser->lookups, struct lookup_use, i);
		const char *name = directory_lookup_directory(use->lookup);

		directory_lookup_connect(use->lookup, settings->finder_socket);
		if (settings_directory(settings, name) == NULL)
			parser_error(parser, &use->place,
				     "found the directory %s, which no line `directory %s url …` "
				     "describes",
				     name, name);
	}
}

uint64_t
parser_lifetime(struct parser *parser, const struct place *place, uint64_t seconds)
{
	if (seconds == 0 || seconds > LIFETIME_MAX)
		parser_error(parser, place,
			     "found a lifetime that is out of range, expected 1 second to 1 day");
	return seconds;
}
