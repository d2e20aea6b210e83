/*
 * The form that a browser sends: its fields, and its files, which all go into one spool. Everything
 * is limited, including the memory of all forms that arrive at the same time. A form that is too
 * large is read on for a while, so that the browser gets to see why it was refused.
 */
#ifndef POSTSEAL_PORTAL_WEB_FORM_H
#define POSTSEAL_PORTAL_WEB_FORM_H

#include <glib.h>
#include <microhttpd.h>

#include "core/spool.h"

enum {
	FORM_TEXT_MAX = 1024 * 1024,		 /* bytes of all fields in a form with files */
	FORM_TEXTS_MAX = 64 * FORM_TEXT_MAX,	 /* of all such forms at the same time */
	FORM_STRANGERS_MAX = 16 * FORM_TEXT_MAX, /* of those whose senders may send no files */
};

struct upload {
	char *name; /* of the file, according to the browser: UTF-8 */
	char *type;
	struct spool_part content;
};

struct form {
	struct MHD_Connection *mhd;
	bool has_files;
	struct spool *files; /* NULL if it has none */
	uint64_t max;	     /* bytes */
	uint64_t read_on; /* bytes read from a form that is too large, before the connection is cut
			   */
	struct MHD_PostProcessor *processor;
	GHashTable *fields; /* name to GString */
	GPtrArray *uploads; /* struct upload */
	uint64_t bytes;
	size_t text; /* bytes of its fields, including their names */
	bool is_too_large;
	/* The sender may not send files: fields are accepted up to the first file, and the rest is
	 * read to its end, so that an answer can say why. */
	bool is_without_files;
	bool has_dropped;   /* a file was sent nevertheless */
	struct fault fault; /* from storing files */
};

void form_init(struct form *form, struct MHD_Connection *mhd);
/* Wipes the fields, which may contain passwords. */
void form_clear(struct form *form);

/* Call before the body arrives. For forms with files, whatever is not kept in memory goes to the
 * spool, whose settings must outlive the form. */
void form_expect_fields(struct form *form);
void form_expect_files(struct form *form, uint64_t files_max, const struct spool_settings *spool);
/* Takes a piece of the body. False: there is no end to it. */
bool form_take(struct form *form, const char *data, size_t size);
/* "" if the form has no such field. */
const char *form_field(const struct form *form, const char *name);
/* What follows `prefix` in the names of the fields that begin with it, in alphabetical order: a
 * list of boxes that were ticked. Freed by the array. */
GPtrArray *form_names(const struct form *form, const char *prefix);

#endif
