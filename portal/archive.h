/*
 * Several files as one zip archive, produced while it is read, so that it never exists as a whole.
 */
#ifndef POSTSEAL_PORTAL_ARCHIVE_H
#define POSTSEAL_PORTAL_ARCHIVE_H

#include "portal/content.h"

struct archive_stream;

/* All attachments of a message with this time (seconds since 1970); files with the same name are
 * renamed. Takes ownership of the layout. */
struct archive_stream *archive_open(const struct content_source *source, struct layout *layout,
				    gint64 at);
void archive_close(struct archive_stream *archive);
/* *got_r is 0 at the end. */
bool archive_pull(struct archive_stream *archive, void *data, size_t size, size_t *got_r,
		  struct fault *fault);

#endif
