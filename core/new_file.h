/*
 * Creates files and directories that appear complete, with their final owner and mode, or not at
 * all. An existing one is replaced only by new_file_replace(). While it is being made it is
 * called ".NAME.new", in the same directory; if a program dies and leaves that behind, the next one
 * overwrites it.
 */
#ifndef POSTSEAL_CORE_NEW_FILE_H
#define POSTSEAL_CORE_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/fault.h"

/* The owner; -1 (as in chown(2)): the process that makes it. */
struct new_file_owner {
	uid_t user;
	gid_t group;
};

extern const struct new_file_owner new_file_own;

/* When this returns, the file is on disk. */
bool new_file_write(const char *path, mode_t mode, const struct new_file_owner *owner,
		    const void *bytes, size_t length, struct fault *fault);
/* Replaces an existing file, keeping its owner and mode; anyone who reads it in the meantime gets
 * either the old one or the new one. */
bool new_file_replace(const char *path, const void *bytes, size_t length, struct fault *fault);
/* The parent directories must exist. */
bool new_file_directory(const char *path, mode_t mode, const struct new_file_owner *owner,
			struct fault *fault);

#endif
