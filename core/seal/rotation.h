/*
 * Rotation of master.key and of the courier's pair: what the database knows of it. Several nodes
 * have the same key files, and one database says for all of them which key seals, so that it
 * changes at one moment, and only when each program on each node has said that it has the new key.
 *
 *   prepared   in the key files; seals nothing yet
 *   in use     seals
 *   old        opens; what it still seals is taken, as not everybody may have heard yet
 *   closed     opens; the database refuses what it would seal
 *   retired    nothing needs it: it may go from the files
 *
 * A key is known by its mark (core/seal/marked.h), in hexadecimal. While a file was never rotated,
 * the database knows none, and its first key seals.
 */
#ifndef POSTSEAL_CORE_SEAL_ROTATION_H
#define POSTSEAL_CORE_SEAL_ROTATION_H

#include "core/database.h"
#include "core/seal/marked.h"

/* By which the database knows a key file: "courier", "master". */
const char *rotation_of(const char *file);
/* The place of the key with this mark among public keys, or master keys; of the first for NULL. */
bool rotation_find(const struct key_file *keys, const char *mark, unsigned *at_r);

/* Says which keys a program of this machine has. *mark_r: that which seals, or NULL for the first
 * of the file; caller frees. */
bool rotation_announce(struct connection *connection, const char *name, const char *program,
		       const struct key_file *keys, char **mark_r, struct fault *fault);

/* --- for the admin, with the rights of the database's owner --- */

/* The mark of the one key of this name that is in the state, or NULL; caller frees. */
bool rotation_mark(struct connection *connection, const char *name, const char *state,
		   char **mark_r, struct fault *fault);
/* "" for a mark that the database does not know. Caller frees. */
bool rotation_state(struct connection *connection, const char *name, const char *mark,
		    char **state_r, struct fault *fault);
/* Both may be known already. Programs look into their files again, and announce. */
bool rotation_prepare(struct connection *connection, const char *name, const char *sealing,
		      const char *prepared, struct fault *fault);
/* Nobody has it any more. */
bool rotation_drop(struct connection *connection, const char *name, const char *prepared,
		   struct fault *fault);
/* Whether any program has it. */
bool rotation_is_held(struct connection *connection, const char *name, const char *mark,
		      bool *held_r, struct fault *fault);
/* *used_r false: a program lacks it, and nothing changed. */
bool rotation_use(struct connection *connection, const char *name, const char *prepared,
		  bool *used_r, struct fault *fault);
bool rotation_close(struct connection *connection, const char *name, struct fault *fault);
bool rotation_retire(struct connection *connection, const char *name, struct fault *fault);

/* All keys of this name are lost: the first of the file seals from now on. */
bool rotation_abandon(struct connection *connection, const char *name, struct fault *fault);

/* Rows of file, key, state, since, and lacking: the programs that do not have the key. */
bool rotation_keys(struct connection *connection, PGresult **result_r, struct fault *fault);
/* The programs that do not have this key, "postseal-courier on node2, …"; caller frees. */
bool rotation_lacking(struct connection *connection, const char *name, const char *mark,
		      char **programs_r, struct fault *fault);
/* A machine that will not come back. *known_r: there was one. */
bool rotation_forget(struct connection *connection, const char *node, bool *known_r,
		     struct fault *fault);

#endif
