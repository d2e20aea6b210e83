/*
 * The bytes of a parked message, or of one of its parts, decoded, as a stream that is pulled: a
 * slow reader costs the memory for a few chunks, and no database connection.
 */
#ifndef POSTSEAL_PORTAL_CONTENT_H
#define POSTSEAL_PORTAL_CONTENT_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/content.h"
#include "mail/layout.h"

struct content;

/* The source: a parcel and its content key. */
struct content_source {
	struct database *database;
	struct identifier parcel;
	struct seal_key key;
};

/* `part` NULL: the whole message. `part` need not outlive the call. */
struct content *content_open(const struct content_source *source, const struct layout_part *part);
void content_close(struct content *content);
typedef struct content content_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(content_auto, content_close)

/* *got_r is 0 at the end. */
bool content_read(struct content *content, void *data, size_t size, size_t *got_r,
		  struct fault *fault);
/* Writes everything that is left. */
bool content_copy(struct content *content, struct sink *sink, struct fault *fault);
/* The text of a part in UTF-8, at most `max` bytes; *cut_r: there is more. Caller frees. */
char *content_text(const struct content_source *source, const struct layout_part *part, size_t max,
		   bool *cut_r, struct fault *fault);
/* The bytes of a part, at most `max`; NULL if there are more, or with `fault` filled. */
GBytes *content_bytes(const struct content_source *source, const struct layout_part *part,
		      size_t max, struct fault *fault);

#endif
