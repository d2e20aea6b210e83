#include "portal/large_file.h"

#include <jansson.h>
#include <string.h>

#include "core/seal/content.h"
#include "delivery/parcel/parcel.h"

enum {
	NAME_CHARACTERS = 255,
	TYPE_CHARACTERS = 127,
	AT_ONCE = 4, /* chunks read with one query */
	OWNER_BYTES = IDENTIFIER_LENGTH + 12,
};

/* --- statements --- */

#define FILE_COLUMNS "f.id, f.about, f.size, f.arrived, f.account is not null"
enum { ID, ABOUT, SIZE, ARRIVED, IS_MEMBERS, KEY };
#define OF_PLACE                                                                                   \
	" from postseal.large_file f where f.account is not distinct from $1 and f.place = $2 and" \
	" not f.doomed"

static const struct statement announce = {
	"large_file_announce",
	"select postseal.large_file_announce($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
static const struct statement cut_off = {"large_file_cut_off",
					 "select " FILE_COLUMNS ", f.wrapped" OF_PLACE
					 " and f.mark = $3 and f.arrived < f.size limit 1"};
static const struct statement find = {"large_file_find", "select " FILE_COLUMNS
							 ", f.wrapped" OF_PLACE " and f.id = $3"};
static const struct statement list = {"large_file_list", "select " FILE_COLUMNS
							 ", f.wrapped" OF_PLACE " order by f.id"};
static const struct statement take = {
	"large_file_take", "select postseal.large_file_take($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
static const struct statement put_chunk = {"large_file_put_chunk",
					   "select postseal.large_file_put_chunk($1, $2, $3, $4)"};
static const struct statement drop = {"large_file_drop",
				      "select postseal.large_file_drop($1, $2, $3)"};
static const struct statement attach = {"large_file_attach",
					"select postseal.large_file_attach($1, $2, $3, $4, $5)"};
static const struct statement leave = {"large_file_leave",
				       "select postseal.large_files_leave($1, $2)"};
static const struct statement of_parcel = {
	"large_file_of_parcel",
	"select " FILE_COLUMNS ", l.boxed from postseal.large_file_parcel l"
	" join postseal.large_file f on f.id = l.file where l.parcel = $1 order by f.id"};
static const struct statement piece_header = {
	"large_file_header",
	"select header from postseal.large_file_piece where file = $1 and number = $2", true};
static const struct statement chunks = {
	"large_file_chunks",
	"select content from postseal.large_file_chunk where file = $1 and piece = $2 and"
	" number >= $3 and number < $4 order by number",
	true};

/* --- one file --- */

void
large_file_clear(struct large_file *file)
{
	g_free(file->name);
	g_free(file->type);
	sodium_memzero(file, sizeof *file);
}

static void
file_free(struct large_file *file)
{
	large_file_clear(file);
	g_free(file);
}

const struct large_file *
large_file_among(const GPtrArray *files, const char *id)
{
	for (guint i = 0; i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);

		if (strcmp(file->id.text, id) == 0)
			return file;
	}
	return NULL;
}

unsigned
large_file_number(const GPtrArray *files, const struct large_file *file)
{
	unsigned number = 0;

	for (guint i = 0; i < files->len; i++) {
		const struct large_file *one = g_ptr_array_index(files, i);

		number += one->is_members;
		if (one == file)
			break;
	}
	return number;
}

bool
large_file_is_whole(const struct large_file *file)
{
	return file->arrived == file->size;
}

/* What a piece is bound to. */
static void
owner_of(char owner_r[OWNER_BYTES], const struct identifier *file, unsigned piece)
{
	g_snprintf(owner_r, OWNER_BYTES, "%s/%u", file->text, piece);
}

/* With its key filled in. */
static bool
read_about(struct large_file *file, const PGresult *result, int row)
{
	size_t length, opened_length;
	g_autofree unsigned char *about = result_bytes(result, row, ABOUT, &length);
	g_autofree unsigned char *opened =
		seal_open_bytes(about, length, &file->key, file->id.text, &opened_length);
	g_autoptr(json_t) json =
		opened == NULL ? NULL : json_loadb((char *)opened, opened_length, 0, NULL);
	const char *name, *type;
	json_int_t size;

	if (json_unpack(json, "{s:s, s:s, s:I}", "name", &name, "type", &type, "size", &size) != 0)
		return false;
	file->name = g_strdup(name);
	file->type = g_strdup(type);
	file->size = (uint64_t)size;
	file->arrived = (uint64_t)result_number(result, row, ARRIVED);
	file->is_members = result_flag(result, row, IS_MEMBERS);
	/* What is not sealed says the same. */
	return size == result_number(result, row, SIZE) && file->arrived <= file->size;
}

typedef bool open_key(struct seal_key *key_r, const unsigned char *locked, size_t length,
		      const char *id, const void *context);

static bool
unwrap(struct seal_key *key_r, const unsigned char *locked, size_t length, const char *id,
       const void *context)
{
	return seal_unwrap(key_r, locked, length, context, id);
}

static bool
unbox(struct seal_key *key_r, const unsigned char *locked, size_t length, const char *id,
      const void *context)
{
	struct seal_key public_key, private_key;
	bool opened;

	(void)id;
	parcel_key_pair(&public_key, &private_key, context);
	opened = seal_unbox(key_r, locked, length, &public_key, &private_key);
	sodium_memzero(&private_key, sizeof private_key);
	return opened;
}

static bool
read_file(struct large_file *file, const PGresult *result, int row, open_key *open,
	  const void *context, struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *locked = result_bytes(result, row, KEY, &length);

	return (identifier_parse(&file->id, PQgetvalue(result, row, ID)) &&
		open(&file->key, locked, length, file->id.text, context) &&
		read_about(file, result, row)) ||
	       fault_set(fault, FAULT_CRYPTO,
			 "opening the large file %s: its key or its name is damaged",
			 PQgetvalue(result, row, ID));
}

static GPtrArray *
read_files(const PGresult *result, open_key *open, const void *context, struct fault *fault)
{
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))file_free);

	for (int row = 0; row < PQntuples(result); row++) {
		struct large_file *file = g_new0(struct large_file, 1);

		g_ptr_array_add(files, file);
		if (!read_file(file, result, row, open, context, fault))
			return NULL;
	}
	return g_steal_pointer(&files);
}

/* --- uploading --- */

static void
add_place(struct parameters *parameters, const struct large_file_place *place)
{
	parameters_text(parameters, place->account);
	parameters_text(parameters, place->id);
}

/* One file of this place; *found_r. */
static bool
ask_for_one(struct connection *connection, const struct statement *statement,
	    const struct large_file_place *place, const struct parameters *parameters,
	    struct large_file *file_r, bool *found_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	*file_r = (struct large_file){0};
	if (!connection_execute(connection, statement, parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1;
	return !*found_r || read_file(file_r, result, 0, unwrap, place->wrapping, fault);
}

bool
large_file_find(struct connection *connection, const struct large_file_place *place, const char *id,
		struct large_file *file_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};

	add_place(&parameters, place);
	parameters_text(&parameters, id);
	return ask_for_one(connection, &find, place, &parameters, file_r, found_r, fault);
}

/* Only the uploader can make it: the database does not tell which files have the same name. */
static void
make_mark(unsigned char mark_r[SEAL_DIGEST_BYTES], const struct large_file_place *place,
	  const struct large_file *file, const char *modified)
{
	g_autofree char *text = g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n%s\n%s", place->id,
						file->size, modified, file->name);

	crypto_generichash(mark_r, SEAL_DIGEST_BYTES, (const unsigned char *)text, strlen(text),
			   place->wrapping->bytes, SEAL_KEY_BYTES);
}

/* In one line: it becomes part of a header field. Caller frees. */
static char *
shortened(const char *text, glong characters)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (char *at = valid; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at))
			*at = ' ';
	return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), characters));
}

/* Caller frees. */
static char *
type_of(const char *text)
{
	g_autofree char *type = shortened(text, TYPE_CHARACTERS);

	return g_ascii_strdown(type, -1);
}

static enum large_file_outcome
outcome_of(const PGresult *result)
{
	static const struct {
		const char *word;
		enum large_file_outcome outcome;
	} words[] = {{"large", LARGE_FILE_TOO_LARGE},
		     {"full", LARGE_FILE_FULL},
		     {"gone", LARGE_FILE_GONE},
		     {"offset", LARGE_FILE_AT_ANOTHER},
		     {"length", LARGE_FILE_LENGTH}};
	const char *word = result_text(result, 0, 0);

	for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].outcome;
	return LARGE_FILE_DONE;
}

static enum large_file_outcome
put_file(struct connection *connection, const struct large_file_place *place,
	 const struct large_file *file, const unsigned char mark[SEAL_DIGEST_BYTES],
	 struct fault *fault)
{
	g_autoptr(json_t) json = json_pack("{s:s, s:s, s:I}", "name", file->name, "type",
					   file->type, "size", (json_int_t)file->size);
	g_autofree char *text = json_dumps(json, JSON_COMPACT);
	g_autofree unsigned char *about = NULL;
	g_autoptr(PGresult) result = NULL;
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	struct parameters parameters = {0};
	size_t length;

	about = seal_bytes(text, strlen(text), &file->key, file->id.text, &length);
	seal_wrap(wrapped, &file->key, place->wrapping, file->id.text);
	parameters_text(&parameters, file->id.text);
	add_place(&parameters, place);
	parameters_bytes(&parameters, mark, SEAL_DIGEST_BYTES);
	parameters_bytes(&parameters, wrapped, sizeof wrapped);
	parameters_bytes(&parameters, about, length);
	parameters_number(&parameters, (int64_t)file->size);
	parameters_number(&parameters, (int64_t)place->files_max);
	parameters_number(&parameters, (int64_t)place->room_max);
	return connection_execute(connection, &announce, &parameters, &result, fault)
		       ? outcome_of(result)
		       : LARGE_FILE_FAILED;
}

enum large_file_outcome
large_file_announce(struct connection *connection, const struct large_file_place *place,
		    const struct large_file_announcement *announcement, struct large_file *file_r,
		    struct fault *fault)
{
	g_auto(large_file_auto) file = {.name = shortened(announcement->name, NAME_CHARACTERS),
					.type = type_of(announcement->type),
					.size = announcement->size};
	unsigned char mark[SEAL_DIGEST_BYTES];
	struct parameters parameters = {0};
	enum large_file_outcome outcome;
	bool found;

	make_mark(mark, place, &file, announcement->modified);
	add_place(&parameters, place);
	parameters_bytes(&parameters, mark, sizeof mark);
	if (!ask_for_one(connection, &cut_off, place, &parameters, file_r, &found, fault))
		return LARGE_FILE_FAILED;
	if (found)
		return LARGE_FILE_DONE;
	if (file.size == 0 || file.size > place->files_max)
		return LARGE_FILE_TOO_LARGE;
	identifier_make(&file.id);
	randombytes_buf(file.key.bytes, SEAL_KEY_BYTES);
	outcome = put_file(connection, place, &file, mark, fault);
	if (outcome == LARGE_FILE_DONE) {
		*file_r = file;
		file = (struct large_file){0};
	}
	return outcome;
}

/* --- a piece --- */

struct taking {
	struct connection *connection;
	const char *file;
	unsigned piece;
};

static bool
store_chunk(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	const struct taking *taking = context;
	struct parameters parameters = {0};

	parameters_text(&parameters, taking->file);
	parameters_number(&parameters, taking->piece);
	parameters_number(&parameters, number);
	parameters_bytes(&parameters, sealed, length);
	return batch_add(taking->connection, &put_chunk, &parameters, fault);
}

/* In the open transaction. */
static enum large_file_outcome
begin_piece(const struct taking *taking, const struct large_file_place *place, uint64_t offset,
	    const struct spool_part *piece, const unsigned char header[SEALING_HEADER_BYTES],
	    struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, taking->file);
	add_place(&parameters, place);
	parameters_number(&parameters, taking->piece);
	parameters_number(&parameters, LARGE_FILE_PIECE_BYTES);
	parameters_number(&parameters, (int64_t)offset);
	parameters_number(&parameters, (int64_t)piece->length);
	parameters_bytes(&parameters, header, SEALING_HEADER_BYTES);
	parameters_number(&parameters, (int64_t)place->room_max);
	return connection_execute(taking->connection, &take, &parameters, &result, fault)
		       ? outcome_of(result)
		       : LARGE_FILE_FAILED;
}

static bool
seal_piece(const struct taking *taking, const struct spool_part *piece, struct sink *sink,
	   struct fault *fault)
{
	return batch_begin(taking->connection, fault) && spool_part_copy(piece, sink, fault) &&
	       sink_finish(sink, fault) && batch_end_transaction(taking->connection, fault) &&
	       batch_commit(taking->connection, fault);
}

/* Nothing was changed; the connection can be used on. */
static enum large_file_outcome
end_refused(struct connection *connection, enum large_file_outcome outcome, struct fault *fault)
{
	return outcome != LARGE_FILE_FAILED && !transaction_commit(connection, fault)
		       ? LARGE_FILE_FAILED
		       : outcome;
}

enum large_file_outcome
large_file_take(struct connection *connection, const struct large_file_place *place,
		struct large_file *file, uint64_t offset, const struct spool_part *piece,
		struct fault *fault)
{
	struct taking taking = {connection, file->id.text,
				(unsigned)(offset / LARGE_FILE_PIECE_BYTES)};
	unsigned char header[SEALING_HEADER_BYTES];
	enum large_file_outcome outcome;
	struct sealing_sink sealing;
	char owner[OWNER_BYTES];

	if (offset % LARGE_FILE_PIECE_BYTES != 0 || offset >= file->size)
		return LARGE_FILE_AT_ANOTHER;
	if (piece->length == 0 || piece->length > LARGE_FILE_PIECE_BYTES)
		return LARGE_FILE_LENGTH;
	if (!transaction_begin(connection, fault))
		return LARGE_FILE_FAILED;
	owner_of(owner, &file->id, taking.piece);
	sealing_sink_init(&sealing, &file->key, owner, header, store_chunk, &taking);
	outcome = begin_piece(&taking, place, offset, piece, header, fault);
	if (outcome != LARGE_FILE_DONE)
		outcome = end_refused(connection, outcome, fault);
	else if (!seal_piece(&taking, piece, &sealing.sink, fault))
		outcome = LARGE_FILE_FAILED;
	else
		file->arrived = offset + piece->length;
	sealing_sink_clear(&sealing);
	return outcome;
}

bool
large_file_take_out(struct connection *connection, const struct large_file_place *place,
		    const char *id, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, id);
	add_place(&parameters, place);
	return batch_add(connection, &drop, &parameters, fault);
}

bool
large_file_drop(struct connection *connection, const struct large_file_place *place, const char *id,
		struct fault *fault)
{
	return batch_begin(connection, fault) &&
	       large_file_take_out(connection, place, id, fault) && batch_commit(connection, fault);
}

GPtrArray *
large_file_list(struct connection *connection, const struct large_file_place *place,
		struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	add_place(&parameters, place);
	return connection_execute(connection, &list, &parameters, &result, fault)
		       ? read_files(result, unwrap, place->wrapping, fault)
		       : NULL;
}

/* --- attaching --- */

bool
large_file_attach(struct connection *connection, const struct large_file_place *place,
		  const struct large_file *file, const char *parcel,
		  const struct seal_key *public_key, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char boxed[SEAL_BOXED_BYTES];

	if (!seal_box(boxed, &file->key, public_key, fault))
		return false;
	parameters_text(&parameters, file->id.text);
	add_place(&parameters, place);
	parameters_text(&parameters, parcel);
	parameters_bytes(&parameters, boxed, sizeof boxed);
	return batch_add(connection, &attach, &parameters, fault);
}

bool
large_file_leave(struct connection *connection, const struct large_file_place *place,
		 struct fault *fault)
{
	struct parameters parameters = {0};

	add_place(&parameters, place);
	return batch_add(connection, &leave, &parameters, fault);
}

/* Raised by 350_large_files.sql. */
/* --- reading --- */

GPtrArray *
large_file_of_parcel(struct connection *connection, const char *parcel,
		     const struct seal_key *content, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, parcel);
	return connection_execute(connection, &of_parcel, &parameters, &result, fault)
		       ? read_files(result, unbox, content, fault)
		       : NULL;
}

bool
large_file_read_row(struct large_file *file_r, const PGresult *result,
		    const struct seal_key *wrapping, struct fault *fault)
{
	return read_file(file_r, result, 0, unwrap, wrapping, fault);
}

struct large_file_reader {
	struct sink sink; /* receives the content of chunks */
	struct database *database;
	struct identifier file;
	struct seal_key key;
	struct unsealing unsealing; /* of the present piece */
	char owner[OWNER_BYTES];
	uint64_t at, to; /* the next byte to be fetched, and the end */
	unsigned char *ready;
	size_t length, taken, skip;
};

static bool
take_plain(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct large_file_reader *reader = (struct large_file_reader *)sink;
	size_t passed = MIN(reader->skip, length);

	(void)fault;
	reader->skip -= passed;
	length = (size_t)MIN((uint64_t)(length - passed), reader->to - reader->at);
	memcpy(reader->ready + reader->length, (const char *)data + passed, length);
	reader->length += length;
	reader->at += length;
	return true;
}

struct large_file_reader *
large_file_open(struct database *database, const struct large_file *file, uint64_t from,
		uint64_t to)
{
	struct large_file_reader *reader = g_new0(struct large_file_reader, 1);

	reader->sink.write = take_plain;
	reader->database = database;
	reader->file = file->id;
	reader->key = file->key;
	reader->at = from;
	reader->to = MIN(to, file->size);
	return reader;
}

void
large_file_close(struct large_file_reader *reader)
{
	unsealing_clear(&reader->unsealing);
	sodium_memzero(&reader->key, sizeof reader->key);
	g_free(reader->ready);
	g_free(reader);
}

static bool
begin_reading(struct large_file_reader *reader, struct connection *connection, unsigned piece,
	      struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	owner_of(reader->owner, &reader->file, piece);
	unsealing_clear(&reader->unsealing);
	parameters_text(&parameters, reader->file.text);
	parameters_number(&parameters, piece);
	if (!connection_execute(connection, &piece_header, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return fault_set(fault, FAULT_INPUT, "reading the large file %s: it is gone",
				 reader->file.text);
	return unsealing_init(&reader->unsealing, &reader->key, reader->owner,
			      (const unsigned char *)PQgetvalue(result, 0, 0),
			      (size_t)PQgetlength(result, 0, 0), fault);
}

static bool
take_chunk(void *context, const PGresult *row, struct fault *fault)
{
	struct large_file_reader *reader = context;

	return unsealing_chunk(&reader->unsealing, (const unsigned char *)PQgetvalue(row, 0, 0),
			       (size_t)PQgetlength(row, 0, 0), &reader->sink, fault);
}

/* The next chunks, of one piece. */
static bool
fetch(struct large_file_reader *reader, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(reader->database, fault);
	unsigned piece = (unsigned)(reader->at / LARGE_FILE_PIECE_BYTES);
	unsigned within = (unsigned)(reader->at % LARGE_FILE_PIECE_BYTES);
	struct parameters parameters = {0};

	if (connection == NULL || !begin_reading(reader, connection, piece, fault))
		return false;
	reader->unsealing.number = within / SEALING_CHUNK_BYTES;
	reader->skip = within % SEALING_CHUNK_BYTES;
	reader->ready = g_malloc((size_t)AT_ONCE * SEALING_CHUNK_BYTES);
	parameters_text(&parameters, reader->file.text);
	parameters_number(&parameters, piece);
	parameters_number(&parameters, reader->unsealing.number);
	parameters_number(&parameters, (int64_t)reader->unsealing.number + AT_ONCE);
	if (!connection_rows(connection, &chunks, &parameters, take_chunk, reader, fault))
		return false;
	return reader->length > 0 ||
	       fault_set(fault, FAULT_INPUT, "reading the large file %s: its end is missing",
			 reader->file.text);
}

bool
large_file_read(struct large_file_reader *reader, void *data, size_t size, size_t *got_r,
		struct fault *fault)
{
	if (reader->taken == reader->length) {
		g_clear_pointer(&reader->ready, g_free);
		reader->length = reader->taken = 0;
		*got_r = 0;
		if (reader->at >= reader->to)
			return true;
		if (!fetch(reader, fault))
			return false;
	}
	*got_r = MIN(size, reader->length - reader->taken);
	memcpy(data, reader->ready + reader->taken, *got_r);
	reader->taken += *got_r;
	return true;
}
