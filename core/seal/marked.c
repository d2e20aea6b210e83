#include "core/seal/marked.h"

#include <glib.h>
#include <string.h>

static const unsigned char no_mark[SEAL_MARK_BYTES];

void
seal_mark(unsigned char mark_r[SEAL_MARK_BYTES], const struct seal_key *key)
{
	unsigned char digest[SEAL_DIGEST_BYTES];

	seal_key_digest(digest, key, "postseal mark");
	memcpy(mark_r, digest, SEAL_MARK_BYTES);
}

void
seal_mark_show(char text_r[SEAL_MARK_CHARACTERS + 1], const struct seal_key *key)
{
	unsigned char mark[SEAL_MARK_BYTES];

	seal_mark(mark, key);
	sodium_bin2hex(text_r, SEAL_MARK_CHARACTERS + 1, mark, sizeof mark);
}

/* Can this key be the one? A NULL mark matches any. */
static bool
is_marked(const unsigned char *mark, const struct seal_key *key)
{
	unsigned char own[SEAL_MARK_BYTES];

	seal_mark(own, key);
	return mark == NULL || memcmp(mark, own, sizeof own) == 0;
}

/* --- boxes for the courier --- */

bool
seal_marked_box(unsigned char boxed_r[SEAL_MARKED_BOX_BYTES], const struct seal_key *content,
		const struct seal_key *public_key, struct fault *fault)
{
	seal_mark(boxed_r, public_key);
	return seal_box(boxed_r + SEAL_MARK_BYTES, content, public_key, fault);
}

bool
seal_marked_unbox(struct seal_key *content_r, const unsigned char *boxed, size_t length,
		  const struct key_file *private_keys)
{
	const unsigned char *mark = length == SEAL_MARKED_BOX_BYTES ? boxed : NULL;
	size_t before = mark == NULL ? 0 : SEAL_MARK_BYTES;

	for (unsigned i = 0; boxed != NULL && i < private_keys->count; i++) {
		struct seal_key public_key;

		crypto_scalarmult_base(public_key.bytes, private_keys->keys[i].bytes);
		if (is_marked(mark, &public_key) &&
		    seal_unbox(content_r, boxed + before, length - before, &public_key,
			       &private_keys->keys[i]))
			return true;
	}
	return false;
}

/* --- bytes under the master key --- */

unsigned char *
seal_marked_bytes(const void *bytes, size_t length, const struct seal_key *key, const char *about,
		  size_t *length_r)
{
	size_t inner_length;
	g_autofree unsigned char *inner = seal_bytes(bytes, length, key, about, &inner_length);
	unsigned char *sealed = g_malloc(SEAL_MARK_BYTES + inner_length);

	seal_mark(sealed, key);
	memcpy(sealed + SEAL_MARK_BYTES, inner, inner_length);
	*length_r = SEAL_MARK_BYTES + inner_length;
	return sealed;
}

unsigned char *
seal_marked_open(const unsigned char *sealed, size_t length, const struct key_file *keys,
		 const char *about, size_t *length_r)
{
	unsigned char *plain = NULL;
	const unsigned char *mark;

	if (length < SEAL_MARK_BYTES)
		return NULL;
	mark = memcmp(sealed, no_mark, sizeof no_mark) == 0 ? NULL : sealed;
	for (unsigned i = 0; plain == NULL && i < keys->count; i++)
		if (is_marked(mark, &keys->keys[i]))
			plain = seal_open_bytes(sealed + SEAL_MARK_BYTES, length - SEAL_MARK_BYTES,
						&keys->keys[i], about, length_r);
	return plain;
}
