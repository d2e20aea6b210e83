/*
 * The keys of one key file in a running program, while they may be rotated. The ring tells the
 * database which keys it has, learns from it which one seals, and rereads the file when that
 * changes; no restart is needed. What is kept in the database can be opened with any key that the
 * ring once had, until the program ends.
 *
 * A ring may be shared by threads.
 */
#ifndef POSTSEAL_CORE_SEAL_RING_H
#define POSTSEAL_CORE_SEAL_RING_H

#include "core/database.h"
#include "core/seal/key_file.h"

struct ring;

/* Reads the file `name` in `directory`; also as root, before the program drops its privileges. NULL
 * with `fault` filled on failure. */
struct ring *ring_read(const char *directory, const char *name, struct fault *fault);
/* Makes a ring of keys that have already been read; `directory` is where they came from. */
struct ring *ring_new(const char *directory, const char *name, const struct key_file *file);
/* NULL is harmless. */
void ring_free(struct ring *ring);

/* Starts following the database. `program` ("postseal-milter") is recorded as the ring's owner.
 * Fails if the file lacks the key that seals. */
bool ring_join(struct ring *ring, const char *program, struct database *database,
	       const struct database_settings *listen, struct fault *fault);
/* Rereads the file; any problem with it is logged. Does nothing before ring_join(). */
void ring_reload(struct ring *ring);

/* The key that seals; for the courier, its public half. Valid until ring_free(). */
const struct seal_key *ring_sealing(struct ring *ring);
/* The keys of the file that are not retired (master.key and login.key): what only they can prove
 * must not be believed of a key that was stolen. Wipe them with key_file_clear(). */
void ring_current(struct ring *ring, struct key_file *keys_r);
/* Like seal_marked_unbox() and seal_marked_open() (core/seal/marked.h). */
bool ring_unbox(struct ring *ring, struct seal_key *content_r, const unsigned char *boxed,
		size_t length);
unsigned char *ring_open(struct ring *ring, const unsigned char *sealed, size_t length,
			 const char *about, size_t *length_r);

#endif
