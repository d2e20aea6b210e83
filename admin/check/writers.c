#include "admin/check/writers.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "policy/policy.h"

/* In a directory with the sticky bit, files can be replaced only by their owners. */
static bool
is_for_all(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && (status.st_mode & S_IWOTH) != 0 &&
	       !(S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0);
}

static bool
check_path(const char *path, const char *file, struct fault *fault)
{
	return !is_for_all(path) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at %s: anybody may write to %s, and so say by which rules mail leaves; "
		       "chmod o-w %s",
		       file, path, path);
}

bool
writers_check(const struct check *check, struct fault *fault)
{
	g_autoptr(json_t) files = json_loads(policy_files(check->admin->policy), 0, NULL);
	size_t i;
	json_t *each;

	json_array_foreach(files, i, each)
	{
		const char *file = json_string_value(json_object_get(each, "path"));
		g_autofree char *directory = file == NULL ? NULL : g_path_get_dirname(file);

		if (file != NULL &&
		    (!check_path(file, file, fault) || !check_path(directory, file, fault)))
			return false;
	}
	return true;
}
