/*
 * Links to large files, for mail to the company: files that are too large for mail stay here, and
 * the mail says where. Whoever has the link opens the file: the database has a digest of its secret
 * alone, and the file's content key wrapped by what the secret yields.
 */
#ifndef POSTSEAL_PORTAL_LARGE_LINK_H
#define POSTSEAL_PORTAL_LARGE_LINK_H

#include "portal/author.h"
#include "portal/large_file.h"
#include "portal/request.h"

struct large_link {
	struct identifier file;
	char secret[SEAL_KEY_CHARACTERS + 1];
	unsigned char digest[SEAL_DIGEST_BYTES];
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
};

/* struct large_link, wiped and freed by the array. */
GPtrArray *large_links_new(void);
/* Makes a link to each file. Returns the text of the mail: `text`, and below it each file's name,
 * size and link. Caller frees. */
char *large_links_make(GPtrArray *links, const GPtrArray *files, const struct author *author,
		       const char *text);

/* For those who read it here, or with a mail program: `text`, and below it the names of the files
 * that are beside it. Caller frees. */
char *large_links_note(const GPtrArray *files, const struct author *author, const char *text);

struct large_link_use {
	const char *message; /* in the log */
	const char *sender;
	uint64_t lifetime; /* seconds */
};
/* In the open batch, as large_file_attach(). */
bool large_link_add(struct connection *connection, const struct large_file_place *place,
		    const struct large_link_use *use, const struct large_link *link,
		    struct fault *fault);

/* "/file/SECRET": says what it is; following a link consumes nothing. "/file/SECRET/download":
 * gives it, which is on record. */
serve_request large_link_show;

#endif
