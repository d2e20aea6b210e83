#include "policy/logins.h"

#include <string.h>

#include "core/address.h"
#include "policy/sources.h"
#include "policy/table.h"

struct logins {
	char *text;
	GHashTable *tables; /* maps the login, in lower case, to its struct table */
};

static struct logins *
logins_new(void)
{
	struct logins *logins = g_new0(struct logins, 1);

	logins->tables =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)table_free);
	return logins;
}

void
logins_free(struct logins *logins)
{
	if (logins == NULL)
		return;
	g_hash_table_unref(logins->tables);
	g_free(logins->text);
	g_free(logins);
}

const char *
logins_text(const struct logins *logins)
{
	return logins->text;
}

static bool
add_line(struct logins *logins, char *line, struct fault *fault)
{
	g_auto(GStrv) words = g_strsplit_set(g_strstrip(line), " \t", -1);
	g_autofree char *login = g_utf8_strdown(words[0], -1);
	struct table *table = g_hash_table_lookup(logins->tables, login);
	guint count = 0;

	if (table == NULL) {
		table = table_new(NULL, &table_inline, NULL);
		g_hash_table_insert(logins->tables, g_strdup(login), table);
	}
	for (char **word = words + 1; *word != NULL; word++) {
		if (**word == '\0')
			continue;
		if (!table_add(table, *word, fault))
			return false;
		count++;
	}
	return count > 0 || fault_set(fault, FAULT_CONFIG,
				      "expected an address or domain after the login %s", words[0]);
}

struct logins *
logins_load(const char *path, struct fault *fault)
{
	struct logins *logins = logins_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;
	gsize length = 0;
	bool good = true;

	if (*path == '\0') {
		logins->text = g_strdup("");
	} else if (!g_file_get_contents(path, &logins->text, &length, &error)) {
		good = fault_set(fault, FAULT_CONFIG, "reading who may send as whom: %s",
				 error->message);
	} else if (!g_utf8_validate_len(logins->text, length, NULL)) {
		good = fault_set(fault, FAULT_CONFIG,
				 "reading who may send as whom: %s is not in UTF-8", path);
	}
	if (good) {
		g_autofree char *content = g_steal_pointer(&logins->text);

		logins->text = sources_without_comments(content);
	}
	lines = g_strsplit(good ? logins->text : "", "\n", -1);
	for (guint i = 0; good && lines[i] != NULL; i++) {
		if (*g_strstrip(lines[i]) != '\0' && !add_line(logins, lines[i], fault))
			good = fault_within(fault, "%s:%u", path, i + 1);
	}
	if (good)
		return logins;
	logins_free(logins);
	return NULL;
}

bool
logins_may_send_as(const struct logins *logins, const char *login, const char *address)
{
	/* The MTA's clients say it; GLib reads past the end of what is not UTF-8. */
	g_autofree char *lower =
		g_utf8_validate(login, -1, NULL) ? g_utf8_strdown(login, -1) : NULL;
	g_autofree char *own = address_fold(login);
	const struct table *table =
		lower == NULL ? NULL : g_hash_table_lookup(logins->tables, lower);
	struct fault ignored; /* looking into a table in memory cannot fail */
	bool listed = false;

	if (*address == '\0')
		return false;
	return strcmp(own, address) == 0 ||
	       (table != NULL && table_has_address(table, NULL, address, &listed, &ignored) &&
		listed);
}
