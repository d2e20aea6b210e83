/*
 * The form that a browser sends: its fields, and its files, which all go into one spool. All of it
 * is bounded, and so is the memory that all forms take which come in at the same time; what is too
 * large is read on for a while, so that the browser hears why it was refused.
 */
#ifndef POSTSEAL_PORTAL_WEB_FORM_H
#define POSTSEAL_PORTAL_WEB_FORM_H

#include <glib.h>
#include <microhttpd.h>

#include "core/spool.h"

enum {
	FORM_TEXT_MAX = 1024 * 1024,		 /* bytes of all fields of a form with files */
	FORM_TEXTS_MAX = 64 * FORM_TEXT_MAX,	 /* of all such forms at the same time */
	FORM_STRANGERS_MAX = 16 * FORM_TEXT_MAX, /* of those whose senders may send no files */
};

struct upload {
	char *name; /* of the file, as the browser says: UTF-8 */
	char *type;
	struct spool_part content;
};

struct form {
	struct MHD_Connection *mhd;
	bool has_files;
	struct spool *files; /* NULL where it has none */
	uint64_t max;	     /* bytes */
	uint64_t read_on;    /* bytes that are read, of one that is too large, before it is cut */
	struct MHD_PostProcessor *processor;
	GHashTable *fields; /* name to GString */
	GPtrArray *uploads; /* struct upload */
	uint64_t bytes;
	size_t text; /* bytes of its fields, with their names */
	bool is_too_large;
	/* Who sends it may not send files: its fields are taken, up to the first file, and the rest
	 * is read to its end, for an answer in words. */
	bool is_without_files;
	bool has_dropped;   /* a file came nevertheless */
	struct fault fault; /* while files were taken */
};

void form_init(struct form *form, struct MHD_Connection *mhd);
/* Wipes the fields: passwords are among them. */
void form_clear(struct form *form);

/* Before the body comes. Of forms with files, what is not kept in memory is in the spool; its
 * settings must outlive the form. */
void form_expect_fields(struct form *form);
void form_expect_files(struct form *form, uint64_t files_max, const struct spool_settings *spool);
/* Takes a piece of the body. False: it is endless. */
bool form_take(struct form *form, const char *data, size_t size);
/* "" where it has no such field. */
const char *form_field(const struct form *form, const char *name);

#endif
