/* The directories that the programs write to: each belongs to one program. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/check/postfix.h"
#include "admin/setup/step.h"
#include "core/listening.h"

/* An existing directory is the admin's; `postseal check` says whether it will do. */
static bool
make(struct setup *setup, const char *path, mode_t mode, const char *user,
     const struct new_file_owner *owner, struct fault *fault)
{
	g_autofree char *parent = g_path_get_dirname(path);

	if (access(path, F_OK) == 0)
		return true;
	if (!setup->dry_run && access(parent, F_OK) != 0) {
		setup_leaves(setup, "%s cannot be created until %s exists", path, parent);
		return true;
	}
	return !setup_says(setup, "create the directory %s, for %s", path, user) ||
	       new_file_directory(path, mode, owner, fault);
}

static bool
make_for(struct setup *setup, const char *path, mode_t mode, const char *user, struct fault *fault)
{
	struct new_file_owner owner = setup_owner(user);

	return make(setup, path, mode, user, &owner, fault);
}

/* Where smtpd finds a milter, also from inside its chroot: sockets in it get the group of Postfix.
 */
static bool
make_for_socket(struct setup *setup, const char *listen, const char *user, struct fault *fault)
{
	const char *socket = listening_path(listen);
	struct new_file_owner owner = setup_owner(user);
	g_autofree char *directory = socket == NULL ? NULL : g_path_get_dirname(socket);
	struct postfix *postfix = postfix_read(fault);
	const struct passwd *mail_owner =
		postfix == NULL ? NULL : getpwnam(postfix_value(postfix, NULL, "mail_owner"));

	postfix_free(postfix);
	if (directory == NULL)
		return true;
	if (mail_owner != NULL)
		owner.group = mail_owner->pw_gid;
	return make(setup, directory, 02750, user, &owner, fault);
}

/* systemd creates them each time a program starts. */
static bool
make_for_run(struct setup *setup, struct fault *fault)
{
	g_autofree char *keeper = g_path_get_dirname(setup->settings->keeper_socket);
	g_autofree char *finder = g_path_get_dirname(setup->settings->finder_socket);
	g_autofree char *milter = g_path_get_dirname(setup->settings->gpg_home);

	return setup_has_systemd() ||
	       (make_for(setup, keeper, 0755, setup->settings->keeper_user, fault) &&
		make_for(setup, finder, 0755, setup->settings->finder_user, fault) &&
		make_for(setup, milter, 0755, setup->settings->milter_user, fault));
}

bool
setup_directories(struct setup *setup, struct fault *fault)
{
	const struct settings *settings = setup->settings;
	const struct new_file_owner root = {0, 0};

	return make(setup, settings->secrets, 0711, "the key files", &root, fault) &&
	       make_for(setup, settings->spool_directory, 0700, settings->milter_user, fault) &&
	       make_for(setup, settings->portal_spool, 0700, settings->portal_user, fault) &&
	       make_for_socket(setup, settings->milter_listen, settings->milter_user, fault) &&
	       make_for_socket(setup, settings->submission_milter, settings->portal_user, fault) &&
	       make_for_run(setup, fault);
}
