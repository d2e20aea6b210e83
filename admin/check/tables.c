#include "admin/check/tables.h"

#include <string.h>

static const char looks_at_content[] = "(^|/)[a-z_]*(header|body)_checks$";
static const char names_access[] = "check_[a-z_]+_access[\\s,]";
/* Settings without that effect, or that only list the tables of other settings. */
static const char no_lead[] = "(^|/)([sl]mtp_[a-z_]*_checks|proxy_(read|write)_maps)$";
static const char map_name[] = "(?:proxy:)?([a-z]+:[^\\[\\]\\s,{}=]+)";
static const char header_checks[] = "(^|/)header_checks$";
/* Actions that keep the line. */
static const char harmless[] = "^(DUNNO|INFO|WARN|PREPEND)\\b";
/* Leads mail from outside to its second pass (contrib/postfix/wire). */
static const char ours[] = "/postseal_outside";
static const char *const remote[] = {"ldap",	  "mysql",    "pgsql", "sqlite",  "tcp",
				     "socketmap", "memcache", "nis",   "nisplus", NULL};

static bool
matches(const char *pattern, const char *text, GRegexCompileFlags flags)
{
	return g_regex_match_simple(pattern, text, flags, 0);
}

bool
tables_is_ours(const struct check *check, const char *setting)
{
	const char *slash = strrchr(setting, '/');
	g_autofree char *service =
		slash == NULL ? NULL : g_strndup(setting, (gsize)(slash - setting));

	return service != NULL &&
	       g_str_has_prefix(postfix_value(check->postfix, service, "syslog_name"),
				"postfix/postseal");
}

static bool
leads(enum tables which, const char *setting, const char *value)
{
	return !matches(no_lead, setting, 0) &&
	       (matches(looks_at_content, setting, 0) ||
		(which == TABLES_ALL && matches(names_access, value, 0)));
}

/* The text of the file, if it has expressions or is the source of an index; otherwise what postmap
 * lists. */
static char *
text_of(const char *map)
{
	const char *const list[] = {"postmap", "-s", postfix_table(map), NULL};
	const char *path = strchr(map, ':') + 1;
	char *text = NULL;

	if (*path == '/' && g_file_get_contents(path, &text, NULL, NULL))
		return text;
	return postfix_ask(list);
}

static bool
is_remote(const char *map)
{
	g_autofree char *type = g_strndup(map, strcspn(map, ":"));

	return g_strv_contains(remote, type);
}

/* Does a file among the setting's maps contain the action? Inline maps, in braces, are searched as
 * part of the setting. */
static bool
acts_in_file(const char *setting, const char *value, const char *in_file, GString *unknown)
{
	g_autoptr(GRegex) names = g_regex_new(map_name, 0, 0, NULL);
	g_autoptr(GMatchInfo) each = NULL;
	bool found = false;

	for (g_regex_match(names, value, 0, &each); !found && g_match_info_matches(each);
	     g_match_info_next(each, NULL)) {
		g_autofree char *map = g_match_info_fetch(each, 1);
		g_autofree char *text = NULL;

		if ((!is_remote(map) && strchr(map, ':')[1] != '/') || g_str_has_suffix(map, ours))
			continue;
		if (!is_remote(map))
			text = text_of(map);
		if (text == NULL)
			g_string_append_printf(unknown, "%s%s (%s)", unknown->len > 0 ? ", " : "",
					       setting, map);
		else
			found = matches(in_file, text, G_REGEX_CASELESS | G_REGEX_MULTILINE);
	}
	return found;
}

static int
by_name(gconstpointer one, gconstpointer other)
{
	return strcmp(one, other);
}

bool
tables_check(const struct check *check, enum tables which, const char *actions, const char *why,
	     GString *unknown, struct fault *fault)
{
	g_autofree char *inline_action = g_strdup_printf("[\\s={](%s)\\s", actions);
	g_autofree char *in_file = g_strdup_printf("^[^#\\n]*\\s(%s)\\s", actions);
	g_auto(GStrv) each = g_strsplit(actions, "|", -1);
	g_autofree char *told = g_strjoinv(" or ", each);
	g_autoptr(GList) names =
		g_list_sort(g_hash_table_get_keys(check->postfix->values), by_name);

	for (const GList *name = names; name != NULL; name = name->next) {
		const char *value = g_hash_table_lookup(check->postfix->values, name->data);

		if (!leads(which, name->data, value) || tables_is_ours(check, name->data))
			continue;
		if (matches(inline_action, value, G_REGEX_CASELESS) ||
		    acts_in_file(name->data, value, in_file, unknown))
			return fault_set(fault, FAULT_CONFIG,
					 "checking Postfix: %s has tables with %s: %s",
					 (const char *)name->data, told, why);
	}
	return true;
}

void
tables_warn(const struct check *check, const char *actions, const GString *unknown)
{
	if (unknown->len > 0)
		check_warn(
			check,
			"these tables cannot be read through, as they answer for one key at a time or are closed to "
			"root: whether they have %s, which leads mail elsewhere, is not known: %s",
			actions, unknown->str);
}

char *
tables_ask(const char *table, const char *key)
{
	const char *const ask[] = {"postmap", "-q", key, postfix_table(table), NULL};
	char *answer = postfix_ask(ask);

	return answer == NULL ? NULL : g_strchomp(answer);
}

/* Do the setting's tables keep the line, and the message? */
static bool
keeps(const char *setting, const char *value, const char *line, struct fault *fault)
{
	g_auto(GStrv) tables = postfix_list(value);

	for (char **table = tables; *table != NULL; table++) {
		g_autofree char *answer = tables_ask(*table, line);

		if (answer != NULL && !matches(harmless, answer, G_REGEX_CASELESS))
			return fault_set(
				fault, FAULT_CONFIG,
				"checking Postfix: %s (%s) answers \"%s\" to the header line \"%s\", the mark of what "
				"nobody has decided on, so that no transport stops such mail: put a line for it in front, "
				"/^Postseal-/ DUNNO",
				setting, *table, answer, line);
	}
	return true;
}

bool
tables_keep(const struct check *check, const char *line, struct fault *fault)
{
	g_autoptr(GList) names =
		g_list_sort(g_hash_table_get_keys(check->postfix->values), by_name);

	for (const GList *name = names; name != NULL; name = name->next)
		if (matches(header_checks, name->data, 0) && !tables_is_ours(check, name->data) &&
		    !keeps(name->data, g_hash_table_lookup(check->postfix->values, name->data),
			   line, fault))
			return false;
	return true;
}
