#include "delivery/parcel/sender_page.h"

#include <string.h>

bool
track_digest(const char *text, unsigned char digest_r[SEAL_DIGEST_BYTES])
{
	return seal_text_digest(digest_r, text, "postseal track");
}

/* False if `track` is not the secret of a link. */
static bool
text_key(struct seal_key *key_r, const char *track)
{
	return seal_text_digest(key_r->bytes, track, "postseal track subject");
}

unsigned char *
track_seal_text(const char *text, const char *track, const char *about, size_t *length_r)
{
	struct seal_key key;
	unsigned char *sealed;

	if (!text_key(&key, track))
		return NULL;
	sealed = seal_bytes(text, strlen(text), &key, about, length_r);
	sodium_memzero(&key, sizeof key);
	return sealed;
}

char *
track_open_text(const unsigned char *sealed, size_t length, const char *track, const char *about)
{
	struct seal_key key;
	unsigned char *opened;
	size_t opened_length;
	char *text;

	if (!text_key(&key, track))
		return NULL;
	opened = seal_open_bytes(sealed, length, &key, about, &opened_length);
	sodium_memzero(&key, sizeof key);
	if (opened == NULL)
		return NULL;
	text = g_utf8_make_valid((const char *)opened, (gssize)opened_length);
	sodium_memzero(opened, opened_length);
	g_free(opened);
	return text;
}
