/* The programs' system users, and the groups that they need. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "admin/check/access.h"
#include "admin/setup/program.h"
#include "admin/setup/step.h"

struct new_file_owner
setup_owner(const char *user)
{
	const struct passwd *entry = getpwnam(user);

	if (entry == NULL)
		return new_file_own;
	return (struct new_file_owner){entry->pw_uid, entry->pw_gid};
}

/* As systemd-sysusers does: an existing group of that name is used. */
static bool
make_user(struct setup *setup, const char *user, struct fault *fault)
{
	g_autofree char *group = getgrnam(user) == NULL ? g_strdup("--user-group")
							: g_strdup_printf("--gid=%s", user);
	const char *const words[] = {"useradd",	     "--system", "--no-create-home",  "--home-dir",
				     "/nonexistent", "--shell",	 "/usr/sbin/nologin", group,
				     user,	     NULL};

	if (getpwnam(user) != NULL ||
	    !setup_says(setup, "create the system user %s, without a login", user))
		return true;
	return program_run(words, fault) ||
	       fault_within(fault, "creating the system user %s", user);
}

/* `why` says what the membership is for. */
static bool
join_group(struct setup *setup, const char *user, const char *group, const char *why,
	   struct fault *fault)
{
	const struct passwd *entry = getpwnam(user);
	const struct group *wanted = getgrnam(group);

	if (entry != NULL && wanted != NULL && access_has_group(entry, wanted->gr_gid))
		return true;
	if (wanted == NULL && !setup->dry_run) {
		setup_notes(setup, "the group %s, %s, does not exist yet", group, why);
		return true;
	}
	if (!setup_says(setup, "add %s to the group %s, %s", user, group, why))
		return true;
	return program_run(
		       (const char *const[]){"usermod", "--append", "--groups", group, user, NULL},
		       fault) ||
	       fault_within(fault, "adding %s to the group %s", user, group);
}

static bool
join_groups(struct setup *setup, struct fault *fault)
{
	const struct settings *settings = setup->settings;
	static const char finders[] = "which may ask the finder for keys";
	const char *milters =
		*settings->keeper_group == '\0' ? settings->milter_user : settings->keeper_group;

	return join_group(setup, settings->milter_user, settings->finder_user, finders, fault) &&
	       join_group(setup, settings->courier_user, settings->finder_user, finders, fault) &&
	       join_group(setup, settings->keeper_user, milters,
			  "so that it can share its sockets with the milter", fault) &&
	       join_group(setup, settings->courier_user, "postdrop",
			  "which may connect to the sockets of Postfix", fault) &&
	       join_group(setup, settings->courier_user, "adm", "which may read the log of Postfix",
			  fault);
}

bool
setup_users(struct setup *setup, struct fault *fault)
{
	const struct settings *settings = setup->settings;
	const char *const users[] = {settings->keeper_user, settings->finder_user,
				     settings->milter_user, settings->courier_user,
				     settings->portal_user};

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		if (!make_user(setup, users[i], fault))
			return false;
	return join_groups(setup, fault);
}
