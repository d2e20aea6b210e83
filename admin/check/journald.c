#include "admin/check/journald.h"

#include <glib.h>
#include <string.h>

/* In the order of systemd-system.conf(5): the first that has a file of a name counts. */
static const char *const directories[] = {"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd",
					  "/usr/lib/systemd"};

/* The last "Storage=" in the file, or what was said before. */
static void
read_storage(const char *path, char **storage)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (g_str_has_prefix(g_strstrip(*line), "Storage=")) {
			g_free(*storage);
			*storage = g_strdup(*line + strlen("Storage="));
		}
}

static void
read_main_file(char **storage)
{
	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = g_build_filename(directories[i], "journald.conf", NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS)) {
			read_storage(path, storage);
			return;
		}
	}
}

/* Names in alphabetical order, each with the path that counts. */
static GTree *
find_drop_ins(void)
{
	GTree *found =
		g_tree_new_full((GCompareDataFunc)(void (*)(void))strcmp, NULL, g_free, g_free);

	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *directory =
			g_build_filename(directories[i], "journald.conf.d", NULL);
		g_autoptr(GDir) each = g_dir_open(directory, 0, NULL);
		const char *name;

		while (each != NULL && (name = g_dir_read_name(each)) != NULL)
			if (g_str_has_suffix(name, ".conf") && g_tree_lookup(found, name) == NULL)
				g_tree_insert(found, g_strdup(name),
					      g_build_filename(directory, name, NULL));
	}
	return found;
}

static gboolean
read_drop_in(gpointer name, gpointer path, gpointer storage)
{
	(void)name;
	read_storage(path, storage);
	return FALSE;
}

bool
journald_keeps(void)
{
	g_autofree char *storage = NULL;
	g_autoptr(GTree) drop_ins = find_drop_ins();

	read_main_file(&storage);
	g_tree_foreach(drop_ins, read_drop_in, &storage);
	return storage == NULL || strcmp(storage, "none") != 0;
}
