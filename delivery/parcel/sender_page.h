/*
 * The secret in the link to a message's page for its sender (/track/SECRET): the courier makes it,
 * and the portal finds the message by its digest. A key derived from it seals the subject, and the
 * names of files that the sender added, so that the page can show them while the message may be
 * recalled or renewed.
 */
#ifndef POSTSEAL_DELIVERY_PARCEL_SENDER_PAGE_H
#define POSTSEAL_DELIVERY_PARCEL_SENDER_PAGE_H

#include <glib.h>

#include "core/seal/wrap.h"

/* False if the text is not the secret of a link. */
bool track_digest(const char *text, unsigned char digest_r[SEAL_DIGEST_BYTES]);

/* `track` is the secret as it is in the link, `about` the identifier of the row. NULL
 * if `track` is none. Caller frees. */
unsigned char *track_seal_text(const char *text, const char *track, const char *about,
			       size_t *length_r);
/* NULL if it cannot be opened; UTF-8. Caller frees. */
char *track_open_text(const unsigned char *sealed, size_t length, const char *track,
		      const char *about);

#endif
