/*
 * The keys of one key file in a program that runs, while they may be rotated. It tells the database
 * which it has, hears from there which one seals, and reads the file again when that changes; no
 * restart is needed. A key that it once had opens until the program ends.
 *
 * Threads may share a ring.
 */
#ifndef POSTSEAL_CORE_SEAL_RING_H
#define POSTSEAL_CORE_SEAL_RING_H

#include "core/database.h"
#include "core/seal/key_file.h"

struct ring;

/* Reads the file `name` in `directory`, also as root, before the program gives up its rights. NULL
 * with `fault` filled where that fails. */
struct ring *ring_read(const char *directory, const char *name, struct fault *fault);
/* Of keys that are there already; `directory` is where they came from. */
struct ring *ring_new(const char *directory, const char *name, const struct key_file *file);
/* NULL is harmless. */
void ring_free(struct ring *ring);

/* From here on it follows the database. `program` ("postseal-milter") says for the record whose it
 * is. Fails where the file lacks the key that seals. */
bool ring_join(struct ring *ring, const char *program, struct database *database,
	       const struct database_settings *listen, struct fault *fault);
/* Reads the file again; what is wrong with it is logged. Nothing before ring_join(). */
void ring_reload(struct ring *ring);

/* The key that seals, of the courier its public half. It stays until ring_free(). */
const struct seal_key *ring_sealing(struct ring *ring);
/* As seal_marked_unbox() and seal_marked_open() (core/seal/marked.h). */
bool ring_unbox(struct ring *ring, struct seal_key *content_r, const unsigned char *boxed,
		size_t length);
unsigned char *ring_open(struct ring *ring, const unsigned char *sealed, size_t length,
			 const char *about, size_t *length_r);

#endif
