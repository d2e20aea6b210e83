/*
 * Several files as one zip archive, produced while it is read, so that it never exists as a whole.
 */
#ifndef POSTSEAL_PORTAL_ARCHIVE_H
#define POSTSEAL_PORTAL_ARCHIVE_H

#include <microhttpd.h>

#include "portal/content.h"
#include "portal/large_file.h"

struct archive_stream;

/* Without files, which are added before it is read; those with the same name are renamed. `at` is
 * their time (seconds since 1970). */
struct archive_stream *archive_new(void);
/* All attachments of a message. Takes ownership of the layout. */
void archive_add_attachments(struct archive_stream *archive, const struct content_source *source,
			     struct layout *layout, gint64 at);
/* A file beside it, which is copied. */
void archive_add_large(struct archive_stream *archive, struct database *database,
		       const struct large_file *file, gint64 at);
/* The whole message. */
void archive_add_message(struct archive_stream *archive, const struct content_source *source,
			 const char *name, gint64 at);
void archive_close(struct archive_stream *archive);
/* *got_r is 0 at the end. */
bool archive_pull(struct archive_stream *archive, void *data, size_t size, size_t *got_r,
		  struct fault *fault);
/* To be sent to a browser; takes ownership. */
struct MHD_Response *archive_response(struct archive_stream *archive);

#endif
