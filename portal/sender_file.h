/*
 * Files that the sender of a waiting message adds on the sender's page (setting: pickup files;
 * delivery/sql/352_sender_files.sql). The page cannot open the message, and need not: the key of
 * each file is boxed to the public keys of the parcels, so that exactly those who can open the
 * message open its files, also those who get their account, or their code, later. Each file is a
 * large file (portal/large_file.h); this is about what makes it one of the message's.
 */
#ifndef POSTSEAL_PORTAL_SENDER_FILE_H
#define POSTSEAL_PORTAL_SENDER_FILE_H

#include "portal/tracked.h"

enum { SENDER_FILES_MAX = 50 }; /* of one message */

/* For the sender. */
struct sender_file {
	struct identifier id;
	unsigned number; /* counted from 1 for each message, as the record names it */
	char *name;	 /* NULL: only the message's readers know it now */
	uint64_t size;
	gint64 added_at;
	bool is_read; /* somebody has downloaded it: it cannot be taken out any more */
};

/* *open_r: the message waits for readers, its files may be changed, and nobody has to approve it
 * first. */
bool sender_file_is_open(struct connection *connection, const struct tracked *tracked, bool *open_r,
			 struct fault *fault);
/* struct sender_file, as long as somebody can open them; the array frees them. NULL with `fault`
 * filled. */
GPtrArray *sender_file_list(struct connection *connection, const struct tracked *tracked,
			    struct fault *fault);

enum sender_file_outcome {
	SENDER_FILE_ADDED,
	SENDER_FILE_CLOSED, /* nothing can be added any more */
	SENDER_FILE_FULL,   /* too many files of this message, or bytes of all of this sender's */
	SENDER_FILE_EMPTY,
	SENDER_FILE_TOO_LARGE, /* together with others that arrive at this moment */
	SENDER_FILE_FAILED,    /* `fault` says why */
};
/* Takes a connection from the portal's database for as long as it is written. */
enum sender_file_outcome sender_file_add(struct request *request, const struct tracked *tracked,
					 const struct upload *upload, struct fault *fault);
/* *done_r is false if somebody has read it, or nothing can be changed any more. */
bool sender_file_remove(struct request *request, const struct tracked *tracked, const char *id,
			bool *done_r, struct fault *fault);

/* Is the large file one that a sender has added, even if it was taken out? */
bool sender_file_is(struct connection *connection, const char *id, bool *is_r, struct fault *fault);
/* For readers: call before any byte of it is given out; *found_r is false if it was taken out. */
bool sender_file_read(struct connection *connection, const char *id, bool *found_r,
		      struct fault *fault);

#endif
