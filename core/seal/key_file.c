#include "core/seal/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

static bool
check_mode(const char *path, int fd, bool is_public, struct fault *fault)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return fault_set(fault, FAULT_CONFIG, "reading the key file %s: %s", path,
				 strerror(errno));
	if ((status.st_mode & 0022) != 0 || (!is_public && (status.st_mode & 0077) != 0))
		return fault_set(fault, FAULT_CONFIG,
				 "reading the key file %s: other users have access to it (mode "
				 "%04o); fix this with: chmod 0400 %s",
				 path, status.st_mode & 07777, path);
	return true;
}

bool
key_file_read(struct key_file *file_r, const char *directory, const char *name, struct fault *fault)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_public = strcmp(name, SECRET_COURIER_PUBLIC) == 0;
	unsigned char beyond;
	ssize_t length;

	file_r->count = 0;
	if (fd < 0)
		return fault_set(fault, FAULT_CONFIG, "reading the key file %s: %s%s", path,
				 strerror(errno),
				 errno == ENOENT ? "; create it with: postseal secrets init" : "");
	if (!check_mode(path, fd, is_public, fault))
		return false;
	length = read(fd, file_r->keys, sizeof file_r->keys);
	if (length <= 0 || length % SEAL_KEY_BYTES != 0 || read(fd, &beyond, 1) != 0)
		return fault_set(fault, FAULT_CONFIG,
				 "reading the key file %s: it does not contain from 1 to %d keys "
				 "of exactly %d bytes",
				 path, KEY_FILE_KEYS_MAX, SEAL_KEY_BYTES);
	file_r->count = (unsigned)(length / SEAL_KEY_BYTES);
	return true;
}

void
key_file_clear(struct key_file *file)
{
	sodium_memzero(file, sizeof *file);
}

bool
key_file_replace(const struct key_file *file, const char *directory, const char *name,
		 struct fault *fault)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return new_file_replace(path, file->keys, file->count * sizeof *file->keys, fault);
}

void
key_file_public(struct key_file *public_r, const struct key_file *private_keys)
{
	public_r->count = private_keys->count;
	for (unsigned i = 0; i < private_keys->count; i++)
		crypto_scalarmult_base(public_r->keys[i].bytes, private_keys->keys[i].bytes);
}

static bool
write_key(const char *directory, const char *name, const struct new_file_owner *owner,
	  const struct seal_key *key, struct fault *fault)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	mode_t mode = strcmp(name, SECRET_COURIER_PUBLIC) == 0 ? 0444 : 0400;

	return new_file_write(path, mode, owner, key->bytes, SEAL_KEY_BYTES, fault);
}

static bool
is_missing(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	return access(path, F_OK) != 0;
}

static bool
make_courier_pair(const char *directory, const struct new_file_owner *owner, struct fault *fault)
{
	struct seal_key public_key, private_key;
	bool made;

	crypto_box_keypair(public_key.bytes, private_key.bytes);
	made = write_key(directory, SECRET_COURIER, owner, &private_key, fault) &&
	       write_key(directory, SECRET_COURIER_PUBLIC, &new_file_own, &public_key, fault);
	sodium_memzero(&private_key, sizeof private_key);
	return made;
}

static bool
make_courier_public(const char *directory, struct fault *fault)
{
	g_autofree char *path = g_build_filename(directory, SECRET_COURIER_PUBLIC, NULL);
	g_auto(key_file_auto) private_keys = {0};
	struct key_file public_keys;

	if (!key_file_read(&private_keys, directory, SECRET_COURIER, fault))
		return false;
	key_file_public(&public_keys, &private_keys);
	return new_file_write(path, 0444, &new_file_own, public_keys.keys,
			      public_keys.count * sizeof *public_keys.keys, fault);
}

static bool
make_key_if_missing(const char *directory, const char *name, const struct new_file_owner *owner,
		    int *made_r, struct fault *fault)
{
	struct seal_key key;
	bool made;

	if (!is_missing(directory, name))
		return true;
	randombytes_buf(key.bytes, sizeof key.bytes);
	made = write_key(directory, name, owner, &key, fault);
	sodium_memzero(&key, sizeof key);
	*made_r += made;
	return made;
}

bool
secret_make_missing(const char *directory, const struct secret_owners *owners, int *made_r,
		    struct fault *fault)
{
	*made_r = 0;
	if (g_mkdir_with_parents(directory, 0711) != 0)
		return fault_set(fault, FAULT_CONFIG, "creating the directory %s: %s", directory,
				 strerror(errno));
	if (!make_key_if_missing(directory, SECRET_MASTER, &owners->master, made_r, fault) ||
	    !make_key_if_missing(directory, SECRET_LOGIN, &owners->login, made_r, fault))
		return false;
	if (is_missing(directory, SECRET_COURIER)) {
		if (!make_courier_pair(directory, &owners->courier, fault))
			return false;
		*made_r += 2;
	} else if (is_missing(directory, SECRET_COURIER_PUBLIC)) {
		if (!make_courier_public(directory, fault))
			return false;
		++*made_r;
	}
	return true;
}
