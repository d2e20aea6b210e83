/*
 * Large files: they arrive in pieces of LARGE_FILE_PIECE_BYTES, wait in the database, each piece
 * sealed as it comes (delivery/sql/350_large_files.sql), and are read again from any byte on. Who
 * uploads a file, and what it is added to, is the caller's affair:
 *
 * 1. large_file_announce() says that a file will come, or finds the same upload again that was cut
 *    off; large_file_take() takes piece after piece. Both say why not, where they do not.
 * 2. large_file_attach() adds the whole file to a parcel, or to several, in the batch that makes
 *    the parcel, or later; large_file_leave() ends the upload in that batch. From then on, the file
 *    lives as long as one of its parcels (or a link), and whoever opens the parcel opens it:
 *    large_file_of_parcel().
 * 3. large_file_open() and large_file_read() give its bytes.
 *
 * What nobody has attached within a day after its last piece is deleted, and so is what is in a
 * draft with the draft. A file counts in its account's room (setting: portal quota).
 *
 * The content key is made here. The database has it wrapped by the uploader's key (`wrapping`), and
 * boxed to each parcel's public key, which is made of the parcel's content key: to add a file to a
 * parcel, one need not be able to open that.
 */
#ifndef POSTSEAL_PORTAL_LARGE_FILE_H
#define POSTSEAL_PORTAL_LARGE_FILE_H

#include <glib.h>

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/wrap.h"
#include "core/sink.h"
#include "core/spool.h"

enum { LARGE_FILE_PIECE_BYTES = 2 * 1024 * 1024 };

/* Whose upload it is, and what the file is added to. */
struct large_file_place {
	const char *account;		 /* identifier; NULL: no member's, and in nobody's room */
	const char *id;			 /* of a draft, or of the message of a sender's page */
	const struct seal_key *wrapping; /* the uploader's: always the same for this place */
	uint64_t files_max; /* bytes of all files of this place (setting: portal upload) */
	uint64_t room_max;  /* bytes that an account may use (setting: portal quota) */
};

/* Wipe with large_file_clear(). */
struct large_file {
	struct identifier id;
	char *name, *type; /* as the browser gave them, UTF-8 */
	uint64_t size;
	uint64_t arrived; /* where the next piece begins; `size`: the file is whole */
	bool is_members;  /* a member uploaded it */
	struct seal_key key;
};
void large_file_clear(struct large_file *file);
typedef struct large_file large_file_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(large_file_auto, large_file_clear)

enum large_file_outcome {
	LARGE_FILE_DONE,
	LARGE_FILE_TOO_LARGE,  /* the files of this place, together */
	LARGE_FILE_FULL,       /* there is no room in the account */
	LARGE_FILE_GONE,       /* no such upload of this place */
	LARGE_FILE_AT_ANOTHER, /* the next piece begins at another offset: ask large_file_find() */
	LARGE_FILE_LENGTH,     /* all pieces but the last are full, and that ends with the file */
	LARGE_FILE_FAILED,     /* `fault` says why */
};

/* --- uploading: each call is a transaction of its own --- */

struct large_file_announcement {
	const char *name, *type; /* made valid UTF-8 in one line, and cut if they are too long */
	uint64_t size;		 /* at least 1 */
	const char *modified;	 /* when, according to the browser: tells files of a name apart */
};
enum large_file_outcome large_file_announce(struct connection *connection,
					    const struct large_file_place *place,
					    const struct large_file_announcement *announcement,
					    struct large_file *file_r, struct fault *fault);
/* `file` from large_file_find(), whose `arrived` is moved on. Memory does not grow with the piece.
 */
enum large_file_outcome large_file_take(struct connection *connection,
					const struct large_file_place *place,
					struct large_file *file, uint64_t offset,
					const struct spool_part *piece, struct fault *fault);
bool large_file_find(struct connection *connection, const struct large_file_place *place,
		     const char *id, struct large_file *file_r, bool *found_r, struct fault *fault);
/* Takes it out again, whole or not. */
bool large_file_drop(struct connection *connection, const struct large_file_place *place,
		     const char *id, struct fault *fault);
/* The same in the open batch. */
bool large_file_take_out(struct connection *connection, const struct large_file_place *place,
			 const char *id, struct fault *fault);
/* struct large_file, in the order in which they were announced; the array frees them. NULL with
 * `fault` filled. */
GPtrArray *large_file_list(struct connection *connection, const struct large_file_place *place,
			   struct fault *fault);
bool large_file_is_whole(const struct large_file *file);
/* The one of this identifier in such a list, or NULL. */
const struct large_file *large_file_among(const GPtrArray *files, const char *id);
/* Its number among those of the list that members uploaded, from 1: they never change. */
unsigned large_file_number(const GPtrArray *files, const struct large_file *file);

/* --- attaching: in the open batch, which fails if a file was taken out meanwhile --- */

/* `public_key` is the parcel's: parcel_public_key(), or the column of that name. */
bool large_file_attach(struct connection *connection, const struct large_file_place *place,
		       const struct large_file *file, const char *parcel,
		       const struct seal_key *public_key, struct fault *fault);
/* The upload has ended for all files of this place that are attached. */
bool large_file_leave(struct connection *connection, const struct large_file_place *place,
		      struct fault *fault);

/* --- reading --- */

/* struct large_file; the array frees them. `content` is the parcel's content key. NULL with `fault`
 * filled. */
GPtrArray *large_file_of_parcel(struct connection *connection, const char *parcel,
				const struct seal_key *content, struct fault *fault);

/* The columns "f.id, f.about, f.size, f.arrived, f.account is not null" of a row, and the content
 * key as somebody else wrapped it: for statements that find a file in another way. */
bool large_file_read_row(struct large_file *file_r, const PGresult *result,
			 const struct seal_key *wrapping, struct fault *fault);

struct large_file_reader;
/* The bytes from `from` to before `to`. It takes a connection only for as long as a query lasts. */
struct large_file_reader *large_file_open(struct database *database, const struct large_file *file,
					  uint64_t from, uint64_t to);
void large_file_close(struct large_file_reader *reader);
/* *got_r is 0 at the end. */
bool large_file_read(struct large_file_reader *reader, void *data, size_t size, size_t *got_r,
		     struct fault *fault);

#endif
