/*
 * The documents among the parts of a message, and the documents within those: archives and office
 * documents, whose text, names and files postseal-reader finds (core/reader/reader.h).
 *
 * They are read once, several at the same time, when something is first asked about them. What was
 * found is in spools, so memory does not grow with it. What cannot be read, is too deep or too
 * much, or is not read in time, is said of the document: it is opaque (opaque.h).
 */
#ifndef POSTSEAL_MAIL_DOCUMENTS_H
#define POSTSEAL_MAIL_DOCUMENTS_H

#include <gmime/gmime.h>

#include "core/reader/reader.h"
#include "core/spool.h"

struct parts; /* parts.h */
struct documents;

struct documents_settings {
	struct reader *reader; /* NULL: all documents are opaque */
	const char *directory; /* for spools */
	unsigned processes;    /* that read at the same time */
	unsigned seconds;      /* for all documents of a message */
};

/* Can processes be started that read them? */
bool documents_check(const struct settings *settings, struct fault *fault);

struct document {
	GMimeObject *part;	  /* that it is, or in which it is */
	char *place;		  /* of that part, as parts_place() says it */
	unsigned kinds;		  /* document_kind.h */
	const struct spool *text; /* UTF-8, as a reader sees it; NULL: it was not read */
	GPtrArray *names;	  /* char *, UTF-8: of files in it */
	GPtrArray *files;	  /* GMimeObject *: those that are not documents themselves */
	bool hides_text, hides_names;
	char why[160]; /* worded to follow "the part" */
};

/* Copies the settings. */
struct documents *documents_new(struct parts *parts, const struct documents_settings *settings);
void documents_free(struct documents *documents);

/* Reads the documents, unless that was done. False with `fault` filled: it is not known what they
 * say, and not they are at fault. */
bool documents_read(struct documents *documents, struct fault *fault);
/* The kinds of the part itself (document_kind.h); 0: it is no document. Call documents_read()
 * before this and the next function. */
unsigned documents_kinds(const struct documents *documents, GMimeObject *part);

/* False, with `fault` filled: what was found could not be read again. Call after reading it. */
bool documents_are_good(const struct documents *documents, struct fault *fault);

/* Returns false to stop. */
typedef bool documents_visit(const struct document *document, void *data);
void documents_each(const struct documents *documents, documents_visit *visit, void *data);

#endif
