/* The key files: each is for the one program that needs it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/setup/step.h"

struct secret_owners
setup_key_owners(const struct settings *settings)
{
	if (geteuid() != 0)
		return (struct secret_owners){new_file_own, new_file_own, new_file_own};
	return (struct secret_owners){.master = setup_owner(settings->keeper_user),
				      .login = setup_owner(settings->milter_user),
				      .courier = setup_owner(settings->courier_user)};
}

/* A key file that root made by hand is of no use to a program that never runs as root. */
static bool
give(struct setup *setup, const char *path, const char *user, struct fault *fault)
{
	struct new_file_owner owner = setup_owner(user);
	struct stat status;

	if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != 0 ||
	    owner.user == 0)
		return true;
	if (!setup_says(setup, "change the owner of %s from root to %s", path, user))
		return true;
	return chown(path, owner.user, owner.group) == 0 ||
	       fault_set(fault, FAULT_STORAGE, "changing the owner of the key file %s to %s: %s",
			 path, user, strerror(errno));
}

bool
setup_keys(struct setup *setup, struct fault *fault)
{
	const struct settings *settings = setup->settings;
	const struct {
		const char *name, *user;
	} files[] = {{SECRET_MASTER, settings->keeper_user},
		     {SECRET_LOGIN, settings->milter_user},
		     {SECRET_COURIER, settings->courier_user},
		     {SECRET_COURIER_PUBLIC, NULL}};
	unsigned before = setup->changes;
	struct secret_owners owners;
	int made;

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(settings->secrets, files[i].name, NULL);

		if (access(path, F_OK) != 0)
			setup_says(setup, "create the key file %s, readable by %s", path,
				   files[i].user == NULL ? "everyone" : "its program alone");
		else if (files[i].user != NULL && !give(setup, path, files[i].user, fault))
			return false;
	}
	if (setup->changes == before || setup->dry_run)
		return true;
	owners = setup_key_owners(settings);
	if (!secret_make_missing(settings->secrets, &owners, &made, fault))
		return fault_within(fault, "creating key files");
	if (made > 0)
		setup_notes(setup,
			    "keep a copy of %s in a safe place, away from the database: without "
			    "it, nothing that is sealed can be opened",
			    settings->secrets);
	return true;
}
