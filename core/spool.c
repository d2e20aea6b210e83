#include "core/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	COPY_BYTES = 65536,
	TAIL_BYTES = 65536,   /* written to the file at once */
	BLOCK_BYTES = 64,     /* of the cipher */
	MEMORY_MAX = 1 << 30, /* the limit of a GByteArray */
};

struct spool {
	struct sink sink;
	const struct spool_settings *settings;
	GByteArray *memory; /* after the file: everything, or the tail that is not written yet */
	int fd;
	uint64_t size, filed;  /* total bytes, and the bytes in the file */
	struct fault *failure; /* the first one; its cause is FAULT_NONE while all is well */
	unsigned char *key;    /* NULL: the file is not sealed */
};

static bool
append_from_sink(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	return spool_append((struct spool *)sink, data, length, fault);
}

struct spool *
spool_new(const struct spool_settings *settings)
{
	struct spool *spool = g_new0(struct spool, 1);

	spool->sink.write = append_from_sink;
	spool->settings = settings;
	spool->memory = g_byte_array_new();
	spool->fd = -1;
	spool->failure = g_new0(struct fault, 1);
	if (settings->is_sealed) {
		spool->key = g_malloc(crypto_stream_chacha20_KEYBYTES);
		randombytes_buf(spool->key, crypto_stream_chacha20_KEYBYTES);
	}
	return spool;
}

void
spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	g_byte_array_unref(spool->memory);
	if (spool->key != NULL)
		sodium_memzero(spool->key, crypto_stream_chacha20_KEYBYTES);
	g_free(spool->key);
	g_free(spool->failure);
	g_free(spool);
}

struct sink *
spool_sink(struct spool *spool)
{
	return &spool->sink;
}

uint64_t
spool_size(const struct spool *spool)
{
	return spool->size;
}

/* Keeps the first failure, to be reported from then on. */
static bool
keep_failure(const struct spool *spool, const struct fault *fault)
{
	*spool->failure = *fault;
	return false;
}

bool
spool_check(const struct spool *spool, struct fault *fault)
{
	if (spool->failure->cause == FAULT_NONE)
		return true;
	*fault = *spool->failure;
	return false;
}

/* --- sealing --- */

/* The key is used for this file alone, and each byte is written once: so the number of its block is
 * all that is needed beside the key. It keeps the bytes secret, and does not tell whether somebody
 * changed them: nobody else can open the file. */
static void
apply_key(const struct spool *spool, uint64_t offset, unsigned char *bytes, size_t length)
{
	static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES];
	unsigned char block[BLOCK_BYTES] = {0};
	size_t within = (size_t)(offset % BLOCK_BYTES), first = MIN(length, BLOCK_BYTES - within);

	if (within > 0) {
		memcpy(block + within, bytes, first);
		crypto_stream_chacha20_xor_ic(block, block, sizeof block, nonce,
					      offset / BLOCK_BYTES, spool->key);
		memcpy(bytes, block + within, first);
		sodium_memzero(block, sizeof block);
		offset += first;
		bytes += first;
		length -= first;
	}
	crypto_stream_chacha20_xor_ic(bytes, bytes, length, nonce, offset / BLOCK_BYTES,
				      spool->key);
}

/* --- writing --- */

/* At an offset of its own: readers do not depend on where the file was written last. */
static bool
write_at(const struct spool *spool, uint64_t offset, const void *data, size_t length,
	 struct fault *fault)
{
	const char *bytes = data;

	while (length > 0) {
		ssize_t written = pwrite(spool->fd, bytes, length, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return fault_set(fault, FAULT_STORAGE, "writing to the spool in %s: %s",
					 spool->settings->directory,
					 written < 0 ? strerror(errno)
						     : "nothing could be written");
		bytes += written;
		offset += (uint64_t)written;
		length -= (size_t)written;
	}
	return true;
}

/* Some file systems have no O_TMPFILE; a file that is unlinked at once does as well. */
static int
open_unnamed(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		g_autofree char *path = g_build_filename(directory, "spool.XXXXXX", NULL);

		fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			unlink(path);
	}
	return fd;
}

static bool
open_file(struct spool *spool, struct fault *fault)
{
	spool->fd = open_unnamed(spool->settings->directory);
	return spool->fd >= 0 || fault_set(fault, FAULT_STORAGE, "opening a spool file in %s: %s",
					   spool->settings->directory, strerror(errno));
}

static bool
write_sealed(const struct spool *spool, uint64_t offset, const void *data, size_t length,
	     struct fault *fault)
{
	g_autofree unsigned char *piece = g_malloc(COPY_BYTES);

	for (size_t done = 0; done < length; done += COPY_BYTES) {
		size_t most = MIN(length - done, (size_t)COPY_BYTES);

		memcpy(piece, (const char *)data + done, most);
		apply_key(spool, offset + done, piece, most);
		if (!write_at(spool, offset + done, piece, most, fault))
			return false;
	}
	return true;
}

static bool
write_next(struct spool *spool, const void *data, size_t length, struct fault *fault)
{
	if (!(spool->key == NULL ? write_at : write_sealed)(spool, spool->filed, data, length,
							    fault))
		return false;
	spool->filed += length;
	return true;
}

static bool
write_tail(struct spool *spool, struct fault *fault)
{
	if (!write_next(spool, spool->memory->data, spool->memory->len, fault))
		return false;
	if (spool->memory->len <= TAIL_BYTES) {
		g_byte_array_set_size(spool->memory, 0);
	} else {
		g_byte_array_unref(spool->memory);
		spool->memory = g_byte_array_sized_new(TAIL_BYTES);
	}
	return true;
}

static bool
is_within_limit(const struct spool *spool, size_t length, struct fault *fault)
{
	uint64_t limit = spool->settings->size_max;

	return limit == 0 || spool->size + length <= limit ||
	       fault_set(fault, FAULT_TOO_BIG, "the message is larger than %llu bytes",
			 (unsigned long long)limit);
}

static bool
append(struct spool *spool, const void *data, size_t length, struct fault *fault)
{
	size_t most =
		spool->fd >= 0 ? TAIL_BYTES : MIN(spool->settings->memory_max, (size_t)MEMORY_MAX);

	if (spool->memory->len + length > most &&
	    ((spool->fd < 0 && !open_file(spool, fault)) || !write_tail(spool, fault)))
		return false;
	if (spool->fd >= 0 && length >= TAIL_BYTES)
		return write_next(spool, data, length, fault);
	g_byte_array_append(spool->memory, data, (guint)length);
	return true;
}

bool
spool_append(struct spool *spool, const void *data, size_t length, struct fault *fault)
{
	if (!spool_check(spool, fault))
		return false;
	if (!is_within_limit(spool, length, fault) || !append(spool, data, length, fault))
		return keep_failure(spool, fault);
	spool->size += length;
	return true;
}

/* --- reading --- */

static bool
read_at(const struct spool *spool, uint64_t offset, void *data, size_t length, size_t *got_r,
	struct fault *fault)
{
	ssize_t got;

	do
		got = pread(spool->fd, data, length, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return fault_set(fault, FAULT_STORAGE, "reading the spool in %s: %s",
				 spool->settings->directory,
				 got < 0 ? strerror(errno) : "the file is truncated");
	*got_r = (size_t)got;
	if (spool->key != NULL)
		apply_key(spool, offset, data, *got_r);
	return true;
}

bool
spool_read(const struct spool *spool, uint64_t offset, void *data, size_t length, size_t *got_r,
	   struct fault *fault)
{
	*got_r = 0;
	if (!spool_check(spool, fault))
		return false;
	if (offset >= spool->size)
		return true;
	length = (size_t)MIN((uint64_t)length,
			     (offset < spool->filed ? spool->filed : spool->size) - offset);
	if (offset < spool->filed)
		return read_at(spool, offset, data, length, got_r, fault) ||
		       keep_failure(spool, fault);
	memcpy(data, spool->memory->data + (offset - spool->filed), length);
	*got_r = length;
	return true;
}

/* The buffer is not on the stack: the stack of a thread that serves one message would be mapped for
 * it, page by page, and released with it. */
static bool
copy_file(const struct spool_part *part, struct sink *next, struct fault *fault)
{
	g_autofree unsigned char *piece = g_malloc(COPY_BYTES);
	size_t got;

	for (uint64_t done = 0; done < part->length; done += got) {
		size_t most = (size_t)MIN((uint64_t)COPY_BYTES, part->length - done);

		if (!spool_read(part->spool, part->offset + done, piece, most, &got, fault) ||
		    !sink_write(next, piece, got, fault))
			return false;
	}
	return true;
}

bool
spool_part_copy(const struct spool_part *part, struct sink *next, struct fault *fault)
{
	if (!spool_check(part->spool, fault))
		return false;
	g_assert(part->offset + part->length <= part->spool->size);
	if (part->spool->fd >= 0)
		return copy_file(part, next, fault);
	return part->length == 0 || sink_write(next, part->spool->memory->data + part->offset,
					       (size_t)part->length, fault);
}

bool
spool_copy(const struct spool *spool, uint64_t offset, struct sink *next, struct fault *fault)
{
	const struct spool_part part = {spool, offset, spool->size - MIN(offset, spool->size)};

	if (offset > spool->size)
		return spool_check(spool, fault);
	return spool_part_copy(&part, next, fault);
}
