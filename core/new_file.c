#include "core/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

const struct new_file_owner new_file_own = {(uid_t)-1, (gid_t)-1};

static char *
draft_of(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);

	return g_strdup_printf("%s/.%s.new", directory, name);
}

static bool
write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return true;
}

/* So that the new name survives a power failure. */
static bool
sync_directory_of(const char *path)
{
	g_autofree char *directory = g_path_get_dirname(path);
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fsync(fd) == 0;
}

/* If the file system does not support such a rename (NFS), a hard link does the same. */
static bool
appear(const char *draft, const char *path)
{
	if (renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return sync_directory_of(path);
	return errno == EINVAL && link(draft, path) == 0 && unlink(draft) == 0 &&
	       sync_directory_of(path);
}

static bool
write_draft(const char *draft, mode_t mode, const struct new_file_owner *owner, const void *bytes,
	    size_t length)
{
	AUTO_CLOSE int fd = -1;

	unlink(draft);
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0 && fchown(fd, owner->user, owner->group) == 0 && fchmod(fd, mode) == 0 &&
	       write_all(fd, bytes, length) && fsync(fd) == 0;
}

bool
new_file_write(const char *path, mode_t mode, const struct new_file_owner *owner, const void *bytes,
	       size_t length, struct fault *fault)
{
	g_autofree char *draft = draft_of(path);

	return (write_draft(draft, mode, owner, bytes, length) && appear(draft, path)) ||
	       fault_set(fault, FAULT_STORAGE, "writing the file %s: %s", path, strerror(errno));
}

bool
new_file_replace(const char *path, const void *bytes, size_t length, struct fault *fault)
{
	g_autofree char *draft = draft_of(path);
	struct stat there;

	return (stat(path, &there) == 0 &&
		write_draft(draft, there.st_mode & 07777,
			    &(struct new_file_owner){there.st_uid, there.st_gid}, bytes, length) &&
		rename(draft, path) == 0 && sync_directory_of(path)) ||
	       fault_set(fault, FAULT_STORAGE, "writing the file %s: %s", path, strerror(errno));
}

bool
new_file_directory(const char *path, mode_t mode, const struct new_file_owner *owner,
		   struct fault *fault)
{
	g_autofree char *draft = draft_of(path);

	rmdir(draft);
	return (mkdir(draft, 0700) == 0 && chown(draft, owner->user, owner->group) == 0 &&
		chmod(draft, mode) == 0 && appear(draft, path)) ||
	       fault_set(fault, FAULT_STORAGE, "creating the directory %s: %s", path,
			 strerror(errno));
}
