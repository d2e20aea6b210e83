/*
 * The form that a browser sends: its fields, and its files, which go straight into spools. All of
 * it is bounded; what is too large is read on for a while, so that the browser hears why it was
 * refused.
 */
#ifndef POSTSEAL_PORTAL_WEB_FORM_H
#define POSTSEAL_PORTAL_WEB_FORM_H

#include <glib.h>
#include <microhttpd.h>

#include "core/spool.h"

enum { FORM_TEXT_MAX = 1024 * 1024 }; /* bytes of all fields of a form with files */

struct upload {
	char *name; /* of the file, as the browser says: UTF-8 */
	char *type;
	struct spool *content;
};

struct form {
	struct MHD_Connection *mhd;
	const struct spool_settings *spool;
	bool has_files;
	uint64_t max; /* bytes */
	struct MHD_PostProcessor *processor;
	GHashTable *fields; /* name to GString */
	GPtrArray *uploads; /* struct upload */
	uint64_t bytes;
	bool is_too_large;
	bool is_ignored; /* who sends it may not: it is read to its end, for an answer in words */
	struct fault fault; /* while files were taken */
};

void form_init(struct form *form, struct MHD_Connection *mhd);
/* Wipes the fields: passwords are among them. */
void form_clear(struct form *form);

/* Before the body comes. */
void form_expect_fields(struct form *form);
void form_expect_files(struct form *form, uint64_t files_max, const struct spool_settings *spool);
/* Takes a piece of the body. False: it is endless. */
bool form_take(struct form *form, const char *data, size_t size);
/* "" where it has no such field. */
const char *form_field(const struct form *form, const char *name);

#endif
