/*
 * Files and directories that appear whole, with their final owner and mode, or not at all. None
 * ever takes the place of one that is there. What is being made has the name ".NAME.new" beside it;
 * what a program that died left there is overwritten by the next one.
 */
#ifndef POSTSEAL_CORE_NEW_FILE_H
#define POSTSEAL_CORE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/fault.h"

/* Of whom it is; -1 (as chown(2) takes it): of whoever makes it. */
struct new_file_owner {
	uid_t user;
	gid_t group;
};

extern const struct new_file_owner new_file_own;

/* It is on the disk when this returns. */
bool new_file_write(const char *path, mode_t mode, const struct new_file_owner *owner,
		    const void *bytes, size_t length, struct fault *fault);
/* Its parents must be there. */
bool new_file_directory(const char *path, mode_t mode, const struct new_file_owner *owner,
			struct fault *fault);

#endif
