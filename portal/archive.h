/*
 * Several files as one zip, made while it is read, so that it is nowhere as a whole.
 */
#ifndef POSTSEAL_PORTAL_ARCHIVE_H
#define POSTSEAL_PORTAL_ARCHIVE_H

#include "portal/content.h"

struct archive_stream;

/* All attachments of a message of this time (seconds since 1970); those of the same name are told
 * apart. Takes the layout. */
struct archive_stream *archive_open(const struct content_source *source, struct layout *layout,
				    gint64 at);
void archive_close(struct archive_stream *archive);
/* *got_r is 0 at the end. */
bool archive_pull(struct archive_stream *archive, void *data, size_t size, size_t *got_r,
		  struct fault *fault);

#endif
