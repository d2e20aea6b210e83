#include "admin/check/access.h"

#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 256 };

bool
access_has_group(const struct passwd *user, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* The permission bits that apply to the user: as in the kernel, those of the first class that
 * matches. */
static int
bits_for(const struct passwd *user, const struct stat *status)
{
	if (user->pw_uid == 0)
		return 7;
	if (status->st_uid == user->pw_uid)
		return (status->st_mode >> 6) & 7;
	if (access_has_group(user, status->st_gid))
		return (status->st_mode >> 3) & 7;
	return status->st_mode & 7;
}

static bool
may(const struct passwd *user, const char *path, int wanted, struct fault *fault)
{
	const struct passwd *owner;
	struct stat status;
	g_autofree char *name = NULL;

	if (stat(path, &status) != 0)
		return fault_set(fault, FAULT_CONFIG, "checking %s: %s", path, strerror(errno));
	if ((bits_for(user, &status) & wanted) == wanted)
		return true;
	name = g_strdup(user->pw_name);
	owner = getpwuid(status.st_uid);
	return fault_set(fault, FAULT_CONFIG,
			 "the user %s may not %s %s (owner %s, group %u, mode %04o)", name,
			 wanted == X_OK		? "enter"
			 : (wanted & W_OK) != 0 ? "write to"
						: "read",
			 path, owner == NULL ? "unknown" : owner->pw_name, (unsigned)status.st_gid,
			 status.st_mode & 07777);
}

bool
access_of_user(const char *user, const char *path, int wanted, struct fault *fault)
{
	const struct passwd *entry = getpwnam(user);
	struct passwd known;
	g_autofree char *name = g_strdup(user);

	if (entry == NULL)
		return fault_set(fault, FAULT_CONFIG, "there is no user %s", user);
	known = *entry;
	known.pw_name = name;
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		g_autofree char *directory = g_strndup(path, (gsize)(slash - path));

		if (!may(&known, directory, X_OK, fault))
			return false;
	}
	return may(&known, path, wanted, fault);
}
