#include "delivery/courier/mta_log_files.h"

#include <string.h>
#include <sys/stat.h>

static const char *const compressed[] = {".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z", NULL};

struct rotated {
	char *path;
	struct timespec ended;
};

static void
rotated_free(void *item)
{
	struct rotated *rotated = item;

	g_free(rotated->path);
	g_free(rotated);
}

static int
compare_times(const struct timespec *one, const struct timespec *other)
{
	if (one->tv_sec != other->tv_sec)
		return one->tv_sec < other->tv_sec ? -1 : 1;
	return (one->tv_nsec > other->tv_nsec) - (one->tv_nsec < other->tv_nsec);
}

static int
compare_ends(const void *one, const void *other)
{
	const struct rotated *const *a = one, *const *b = other;

	return compare_times(&(*a)->ended, &(*b)->ended);
}

static bool
is_compressed(const char *name)
{
	for (const char *const *suffix = compressed; *suffix != NULL; suffix++)
		if (g_str_has_suffix(name, *suffix))
			return true;
	return false;
}

/* mail.log.1 and mail.log-20260131 were rotated from mail.log; mail.logbook was not. */
static bool
is_rotated_from(const char *name, const char *base)
{
	return g_str_has_prefix(name, base) &&
	       (name[strlen(base)] == '.' || name[strlen(base)] == '-');
}

/* Adds `path` unless the file ended before `since`. */
static void
look_at_file(GPtrArray *found, const char *path, struct timespec since, bool *hidden)
{
	struct rotated *rotated;
	struct stat status;

	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
	    compare_times(&status.st_mtim, &since) < 0)
		return;
	if (is_compressed(path)) {
		*hidden = true;
		return;
	}
	rotated = g_new(struct rotated, 1);
	*rotated = (struct rotated){g_strdup(path), status.st_mtim};
	g_ptr_array_add(found, rotated);
}

/* Called with the path of a file; returns false to stop. */
typedef bool visit_rotated(void *visitor, const char *path);

static void
each_rotated(const char *path, visit_rotated *visit, void *visitor)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
	const char *name;
	bool go_on = true;

	while (go_on && directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
		g_autofree char *each = g_build_filename(folder, name, NULL);

		go_on = !is_rotated_from(name, base) || visit(visitor, each);
	}
}

struct since {
	GPtrArray *found; /* struct rotated */
	struct timespec since;
	bool hidden;
};

static bool
look_since(void *visitor, const char *path)
{
	struct since *since = visitor;

	look_at_file(since->found, path, since->since, &since->hidden);
	return true;
}

GPtrArray *
mta_log_files(const char *path, struct timespec since, bool *hidden_r)
{
	g_autoptr(GPtrArray) before = g_ptr_array_new_with_free_func(rotated_free);
	struct since look = {.found = before, .since = since};
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	each_rotated(path, look_since, &look);
	*hidden_r = look.hidden;
	g_ptr_array_sort(before, compare_ends);
	for (guint i = 0; i < before->len; i++)
		g_ptr_array_add(paths,
				g_strdup(((struct rotated *)g_ptr_array_index(before, i))->path));
	g_ptr_array_add(paths, g_strdup(path));
	return paths;
}

struct wanted {
	uint64_t inode;
	char *path;
};

static bool
is_other(void *visitor, const char *path)
{
	struct wanted *wanted = visitor;
	struct stat status;

	if (stat(path, &status) == 0 && status.st_ino == wanted->inode)
		wanted->path = g_strdup(path);
	return wanted->path == NULL;
}

char *
mta_log_renamed(const char *path, uint64_t inode)
{
	struct wanted wanted = {.inode = inode};

	each_rotated(path, is_other, &wanted);
	return wanted.path;
}
