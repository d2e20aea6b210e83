#include "policy/sources.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/rule.h"

enum { PASSWD_BYTES = 16384 };

char *
sources_without_comments(const char *content)
{
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		lines[i][strcspn(lines[i], "#")] = '\0';
		g_strchomp(lines[i]);
	}
	return g_strjoinv("\n", lines);
}

/* --- the digest --- */

/* With its kind and length in front, so that a line which moves from one file to the next makes
 * another policy. */
static void
add_to_digest(GChecksum *sum, const char *kind, const char *text)
{
	g_autofree char *heading = g_strdup_printf("\n%s %zu\n", kind, strlen(text));

	g_checksum_update(sum, (const guchar *)heading, -1);
	g_checksum_update(sum, (const guchar *)text, -1);
}

char *
sources_digest(const struct policy *policy)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)policy->text, -1);
	if (*policy->settings->sign_logins != '\0')
		add_to_digest(sum, "logins", logins_text(policy->logins));
	for (guint i = 0; i < policy->tables->len; i++) {
		const struct table *table = g_ptr_array_index(policy->tables, i);

		if (table->text != NULL)
			add_to_digest(sum, "table", table->text);
	}
	return g_strdup(g_checksum_get_string(sum));
}

/* --- the list --- */

/* Policies are loaded by several threads. */
static json_t *
owner_name(uid_t user)
{
	g_autofree char *name = NULL;
	g_autofree char *buffer = g_malloc(PASSWD_BYTES);
	struct passwd entry, *found = NULL;

	if (getpwuid_r(user, &entry, buffer, PASSWD_BYTES, &found) == 0 && found != NULL)
		name = g_utf8_make_valid(entry.pw_name, -1);
	else
		name = g_strdup_printf("user %u", (unsigned)user);
	return json_string(name);
}

static json_t *
time_shown(const struct stat *status)
{
	g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(status->st_mtim.tv_sec);
	g_autoptr(GDateTime) at =
		second == NULL ? NULL : g_date_time_add(second, status->st_mtim.tv_nsec / 1000);
	g_autofree char *shown = at == NULL ? NULL : g_date_time_format_iso8601(at);

	return shown == NULL ? json_null() : json_string(shown);
}

/* A file that is not there any more was there when it was read. */
static json_t *
describe(const char *path, const char *kind)
{
	g_autofree char *valid = g_utf8_make_valid(path, -1);
	struct stat status;
	const bool is_there = stat(path, &status) == 0;

	return json_pack("{s:s, s:s, s:o, s:o}", "path", valid, "kind", kind, "owner",
			 is_there ? owner_name(status.st_uid) : json_null(), "changed_at",
			 is_there ? time_shown(&status) : json_null());
}

static unsigned
count_entries(const char *text)
{
	unsigned count = 0;

	while (*text != '\0') {
		const size_t length = strcspn(text, "\n");

		count += strspn(text, " \t\r") < length;
		text += length + (text[length] != '\0');
	}
	return count;
}

static json_t *
describe_with_content(const char *path, const char *kind, const char *text)
{
	json_t *file = describe(path, kind);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	json_object_set_new(file, "digest", json_string(sum));
	json_object_set_new(file, "entries", json_integer(count_entries(text)));
	if (strlen(text) <= SOURCE_BYTES_MAX) {
		g_autofree char *valid = g_utf8_make_valid(text, -1);

		json_object_set_new(file, "content", json_string(valid));
	}
	return file;
}

char *
sources_shown(const struct policy *policy)
{
	g_autoptr(json_t) list = json_array();
	const char *logins = policy->settings->sign_logins;

	for (guint i = 0; i < policy->files->len; i++) {
		const struct configuration_file *file = g_ptr_array_index(policy->files, i);

		json_array_append_new(list, describe(file->path, "configuration"));
	}
	if (*logins != '\0')
		json_array_append_new(
			list, describe_with_content(logins, "logins", logins_text(policy->logins)));
	for (guint i = 0; i < policy->tables->len; i++) {
		const struct table *table = g_ptr_array_index(policy->tables, i);

		if (table->text != NULL)
			json_array_append_new(
				list, describe_with_content(table->source, "table", table->text));
	}
	return json_dumps(list, JSON_COMPACT);
}
