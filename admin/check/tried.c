#include "admin/check/tried.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/check/access.h"

enum { SECONDS = 30, BLOCK_BYTES = 4096 };

struct place {
	const char *user, *path;
};

bool
tried_work(const char *user, as_user_work *work, void *context, void *answer, size_t length,
	   struct fault *fault)
{
	const struct as_user who = {.user = user, .seconds = SECONDS};

	return geteuid() != 0 || as_user(&who, work, context, answer, length, fault);
}

/* If owner, group and mode explain the failure, they are shown. */
static bool
tell(const struct place *place, const char *verb, int wanted, int why, struct fault *fault)
{
	if (why == EACCES && !access_of_user(place->user, place->path, wanted, fault))
		return false;
	return fault_set(fault, FAULT_CONFIG, "the user %s cannot %s %s: %s", place->user, verb,
			 place->path, strerror(why));
}

static bool
read_file(void *context, struct fault *fault)
{
	const struct place *place = context;
	char byte;
	int fd = open(place->path, O_RDONLY | O_CLOEXEC);
	bool done = fd >= 0 && read(fd, &byte, 1) >= 0;
	int why = errno;

	if (fd >= 0)
		close(fd);
	return done || tell(place, "read", R_OK, why, fault);
}

bool
tried_read(const char *user, const char *path, struct fault *fault)
{
	struct place place = {user, path};

	return tried_work(user, read_file, &place, NULL, 0, fault);
}

static bool
fill_directory(void *context, struct fault *fault)
{
	static const char block[BLOCK_BYTES];
	const struct place *place = context;
	g_autofree char *path = g_build_filename(place->path, ".check-XXXXXX", NULL);
	int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
	bool done = fd >= 0 && unlink(path) == 0 &&
		    write(fd, block, sizeof block) == (ssize_t)sizeof block;
	int why = errno;

	if (fd >= 0)
		close(fd);
	return done || tell(place, "write to", W_OK | X_OK, why, fault);
}

bool
tried_fill(const char *user, const char *directory, struct fault *fault)
{
	struct place place = {user, directory};

	return tried_work(user, fill_directory, &place, NULL, 0, fault);
}
