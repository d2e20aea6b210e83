/* The formatted view of a message or of an attached one: its HTML, made harmless (mail/html.h),
 * with its pictures. */
#ifndef POSTSEAL_PORTAL_FORMATTED_H
#define POSTSEAL_PORTAL_FORMATTED_H

#include "core/reader/reader.h"
#include "portal/content.h"

struct formatted {
	struct reader *reader;
	const struct content_source *content;
	const struct layout *layout; /* within the content; of formatted_document() */
	const char *language;
};

/* A whole document; caller frees. NULL with `fault` filled: FAULT_INPUT if the HTML is at fault. */
char *formatted_document(const struct formatted *formatted, struct fault *fault);

/* A message and those attached to it, one after another, to be printed. */
struct formatted_section {
	const struct layout *layout; /* whose HTML is shown; NULL: none */
	char *before, *after;	     /* markup of our own, or NULL */
};
/* `sections`: struct formatted_section. Otherwise as formatted_document(). */
char *formatted_letter(const struct formatted *formatted, const GArray *sections, const char *title,
		       struct fault *fault);

/* Sorts the pictures of a new layout into those that its HTML shows and attachments. False: the
 * reader could not be asked or is NULL, so that all are attachments for now. */
bool formatted_sort_pictures(struct reader *reader, const struct content_source *content,
			     struct layout *layout);

#endif
