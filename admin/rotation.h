/*
 * The steps of rotating a key file (core/seal/rotation.h), on the node where the admin is working.
 * Each can be interrupted at any moment and repeated.
 */
#ifndef POSTSEAL_ADMIN_ROTATION_H
#define POSTSEAL_ADMIN_ROTATION_H

#include "admin/command.h"
#include "core/seal/key_file.h"
#include "core/seal/rewrap.h"

struct secret {
	const char *name, *file;
	const struct rewrap *where; /* what it seals in the database */
	bool is_timed;		    /* seals notes in mail that waits in the MTA, and which expire
				       (milter/login.h) */
};
extern const struct secret rotation_secrets[]; /* ends with a NULL name */

/* One key file, and what the database says about it. */
struct rotation {
	const struct secret *secret;
	const char *directory;
	struct connection *connection;
	json_t *rows;	      /* what was done: columns file, key, text */
	struct key_file keys; /* as the file has them */
	struct key_file
		shown; /* what the marks are made from: public halves, or the keys themselves */
	char *in_use;  /* marks; that of the first key if the file has never been rotated */
	char *old;     /* or NULL; also if it is closed */
};

/* Call rotation_end() whatever it returns. Fails if the file lacks the key that is in use. */
bool rotation_start(struct rotation *rotation, const struct admin *admin,
		    const struct secret *secret, struct fault *fault);
void rotation_end(struct rotation *rotation);
typedef struct rotation rotation_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rotation_auto, rotation_end)

/* A new key in the files of this node, known to the database; or the one that an earlier run
 * prepared, if there is one. Caller frees *mark_r. */
bool rotation_make(struct rotation *rotation, char **mark_r, struct fault *fault);
/* The key seals from now on, provided that every program on every node has it. */
bool rotation_switch(struct rotation *rotation, const char *mark, struct fault *fault);
/* Re-seals with it what older keys sealed. */
bool rotation_rewrap(struct rotation *rotation, struct fault *fault);
/* Until when mail in an MTA may need the old key; NULL: not any more, or no such mail depends on
 * this file. Caller frees. */
bool rotation_timed_until(struct connection *connection, const struct secret *secret,
			  const struct settings *settings, char **until_r, struct fault *fault);
/* False, with the time in the fault, as long as such mail may need the old key. */
bool rotation_outlived(const struct rotation *rotation, const struct settings *settings,
		       struct fault *fault);
/* The old key no longer seals anything, nothing needs it any more, and the database lists it as
 * retired. */
bool rotation_close_old(struct rotation *rotation, struct fault *fault);
/* Removes retired keys from the files of this node. */
bool rotation_trim(struct rotation *rotation, struct fault *fault);

#endif
