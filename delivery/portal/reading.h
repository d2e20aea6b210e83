/*
 * A message as its reader sees it: who, when, what about, its text, and its attachments one by
 * one. Only looks; nothing is printed again from what GMime parsed.
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_READING_H
#define POSTSEAL_DELIVERY_PORTAL_READING_H

#include <glib.h>

#include "core/spool.h"

struct reading;

struct reading_attachment {
	char *name; /* UTF-8, without folders and control characters */
	char *type; /* "application/pdf" */
};

/* `raw` is the whole message; it must outlive the reading. NULL with `fault` filled. */
struct reading *reading_new(const struct spool *raw, struct fault *fault);
void reading_free(struct reading *reading);
typedef struct reading reading_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(reading_auto, reading_free)

/* Decoded; "" where the message has none. They belong to the reading. */
const char *reading_subject(const struct reading *reading);
const char *reading_from(const struct reading *reading);
const char *reading_to(const struct reading *reading);
const char *reading_date(const struct reading *reading);
/* The text, UTF-8; that of an HTML part where there is no other. The caller's. */
char *reading_text(const struct reading *reading);
/* struct reading_attachment; belongs to the reading. */
const GPtrArray *reading_attachments(const struct reading *reading);
/* Writes the decoded content of one of them. */
bool reading_attachment(const struct reading *reading, guint number, struct sink *sink,
			struct fault *fault);

#endif
