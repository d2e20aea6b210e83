/*
 * Rotation of master.key, login.key and the courier's key pair: what the database knows about it.
 * Several nodes have the same key files, and one database tells all of them which key seals, so
 * that it changes at a single moment, and only once every program on every node has said that it
 * has the new key.
 *
 *   prepared   in the key files; does not seal anything yet
 *   in use     seals
 *   old        opens; what it still seals is accepted, as some programs may not know yet
 *   closed     opens; the database rejects what it would seal
 *   retired    nothing needs it: it may be removed from the files
 *
 * A key is identified by its mark (core/seal/marked.h), in hexadecimal. As long as a file has never
 * been rotated, the database knows none of its keys, and the first one seals.
 */
#ifndef POSTSEAL_CORE_SEAL_ROTATION_H
#define POSTSEAL_CORE_SEAL_ROTATION_H

#include <glib.h>

#include "core/database.h"
#include "core/seal/marked.h"

/* The names of the key files in the database: "courier", "login", "master". */
const char *rotation_of(const char *file);
/* The index of the key with this mark among the keys of a file (the courier's: the public halves);
 * for NULL, that of the first. */
bool rotation_find(const struct key_file *keys, const char *mark, unsigned *at_r);
/* Says that the file does not have the key that is in use. Returns false. */
bool rotation_lacks(const char *directory, const char *file, const char *mark, struct fault *fault);

/* What a program learns about the keys of one name. */
struct rotation_news {
	char *sealing;	/* the mark of the one that seals, or NULL for the first in the file */
	char **retired; /* marks; a file may still have such keys */
};
void rotation_news_clear(struct rotation_news *news);
typedef struct rotation_news rotation_news_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(rotation_news_auto, rotation_news_clear)

/* Reports which keys a program on this machine has. */
bool rotation_announce(struct connection *connection, const char *name, const char *program,
		       const struct key_file *keys, struct rotation_news *news_r,
		       struct fault *fault);

/* --- for the admin, with the rights of the database's owner --- */

/* The mark of the key of this name that is in this state, or NULL; caller frees. */
bool rotation_mark(struct connection *connection, const char *name, const char *state,
		   char **mark_r, struct fault *fault);
/* "" if the database does not know the mark. Caller frees. */
bool rotation_state(struct connection *connection, const char *name, const char *mark,
		    char **state_r, struct fault *fault);
/* Either may already be known. Programs reread their files, and report. */
bool rotation_prepare(struct connection *connection, const char *name, const char *sealing,
		      const char *prepared, struct fault *fault);
/* No program has it any more. */
bool rotation_drop(struct connection *connection, const char *name, const char *prepared,
		   struct fault *fault);
/* Does any program have it? */
bool rotation_is_held(struct connection *connection, const char *name, const char *mark,
		      bool *held_r, struct fault *fault);
/* *used_r false: some program lacks it, and nothing was changed. */
bool rotation_use(struct connection *connection, const char *name, const char *prepared,
		  bool *used_r, struct fault *fault);
bool rotation_close(struct connection *connection, const char *name, struct fault *fault);
bool rotation_retire(struct connection *connection, const char *name, struct fault *fault);

/* All keys of this name are lost: from now on, the first in the file seals. */
bool rotation_abandon(struct connection *connection, const char *name, struct fault *fault);

/* Rows of file, key, state, since, and lacking: the programs that do not have the key. */
bool rotation_keys(struct connection *connection, PGresult **result_r, struct fault *fault);
/* The programs that do not have this key, "postseal-courier on node2, …"; caller frees. */
bool rotation_lacking(struct connection *connection, const char *name, const char *mark,
		      char **programs_r, struct fault *fault);
/* When the last of what the old key sealed has expired, if all of it expires `seconds` after it was
 * sealed; NULL: it has, or there is no old key. Caller frees. */
bool rotation_needed_until(struct connection *connection, const char *name, uint64_t seconds,
			   char **until_r, struct fault *fault);
/* Forgets a machine that will not come back. *known_r: there was one by that name. */
bool rotation_forget(struct connection *connection, const char *node, bool *known_r,
		     struct fault *fault);

#endif
