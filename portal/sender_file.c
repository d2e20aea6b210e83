#include "portal/sender_file.h"

#include <string.h>

#include "core/log.h"
#include "delivery/parcel/sender_page.h"
#include "portal/large_file.h"

static const struct statement is_open = {"sender_file_is_open",
					 "select postseal.sender_files_open($1)"};

static const struct statement list = {
	"sender_file_list",
	"select f.file, f.number, l.size, extract(epoch from f.added_at)::bigint, f.read_at is not null,"
	" f.track_name from postseal.sender_file f join postseal.large_file l on l.id = f.file "
	"where f.message = $1 and f.removed_at is null"
	" and exists (select from postseal.large_file_parcel p join postseal.parcel_key k on k.parcel = p.parcel"
	"  where p.file = f.file and k.expires_at > now()) "
	"order by f.number"};
enum { FILE_ID, NUMBER, SIZE, ADDED_AT, IS_READ, TRACK_NAME };

static const struct statement parcels = {
	"sender_file_parcels",
	"select p.id, p.public_key from postseal.parcel p "
	"where p.message = $1 and p.files_added is not null and p.public_key is not null"
	" and exists (select from postseal.parcel_key k where k.parcel = p.id and k.expires_at > now()) "
	"order by p.id"};
enum { PARCEL, PUBLIC_KEY };

static const struct statement add = {"sender_file_add",
				     "select postseal.sender_file_add($1, $2, $3, $4, $5, $6, $7)"};
/* SQLSTATEs of that function, and of the one that says that it is read */
static const char closed[] = "PS352", full[] = "PS003", gone[] = "PS002";

static const struct statement remove_file = {"sender_file_remove",
					     "select postseal.sender_file_remove($1, $2, $3)"};

static const struct statement mark_read = {"sender_file_read",
					   "select postseal.sender_file_read($1)"};

static const struct statement is_added = {
	"sender_file_is", "select exists (select from postseal.sender_file where file = $1)"};

/* --- what there is --- */

bool
sender_file_is_open(struct connection *connection, const struct tracked *tracked, bool *open_r,
		    struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, tracked->message.text);
	if (!connection_execute(connection, &is_open, &parameters, &result, fault))
		return false;
	*open_r = PQntuples(result) == 1 && result_flag(result, 0, 0);
	return true;
}

bool
sender_file_is(struct connection *connection, const char *id, bool *is_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, id);
	if (!connection_execute(connection, &is_added, &parameters, &result, fault))
		return false;
	*is_r = PQntuples(result) != 1 || result_flag(result, 0, 0);
	return true;
}

static void
file_free(void *data)
{
	struct sender_file *file = data;

	g_free(file->name);
	g_free(file);
}

static struct sender_file *
read_file(const struct tracked *tracked, const PGresult *result, int row)
{
	struct sender_file *file = g_new0(struct sender_file, 1);
	size_t length;
	g_autofree unsigned char *sealed = result_bytes(result, row, TRACK_NAME, &length);

	identifier_parse(&file->id, PQgetvalue(result, row, FILE_ID));
	file->number = (unsigned)result_number(result, row, NUMBER);
	file->size = (uint64_t)result_number(result, row, SIZE);
	file->added_at = result_number(result, row, ADDED_AT);
	file->is_read = result_flag(result, row, IS_READ);
	file->name = track_open_text(sealed, length, tracked->secret, file->id.text);
	return file;
}

GPtrArray *
sender_file_list(struct connection *connection, const struct tracked *tracked, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	GPtrArray *files;

	parameters_text(&parameters, tracked->message.text);
	if (!connection_execute(connection, &list, &parameters, &result, fault))
		return NULL;
	files = g_ptr_array_new_with_free_func(file_free);
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(files, read_file(tracked, result, row));
	return files;
}

/* --- adding --- */

/* Only this request can continue the upload: its key is nowhere else. */
struct adding {
	struct request *request;
	const struct tracked *tracked;
	struct seal_key wrapping;
	struct large_file_place place;
	struct large_file file;
};

static enum sender_file_outcome
outcome_of(const struct adding *adding, enum large_file_outcome outcome, struct fault *fault)
{
	switch (outcome) {
	case LARGE_FILE_DONE:
		return SENDER_FILE_ADDED;
	case LARGE_FILE_TOO_LARGE:
		return SENDER_FILE_TOO_LARGE;
	case LARGE_FILE_GONE:
		return SENDER_FILE_CLOSED;
	case LARGE_FILE_FAILED:
		return SENDER_FILE_FAILED;
	default:
		fault_set(fault, FAULT_BUG, "adding the file %s: a piece of it does not fit",
			  adding->file.id.text);
		return SENDER_FILE_FAILED;
	}
}

static enum sender_file_outcome
take_pieces(struct adding *adding, const struct upload *upload, struct fault *fault)
{
	enum large_file_outcome outcome = LARGE_FILE_DONE;

	while (outcome == LARGE_FILE_DONE && !large_file_is_whole(&adding->file)) {
		const uint64_t at = adding->file.arrived;
		const struct spool_part piece = {
			upload->content.spool, upload->content.offset + at,
			MIN(upload->content.length - at, (uint64_t)LARGE_FILE_PIECE_BYTES)};

		outcome = large_file_take(adding->request->connection, &adding->place,
					  &adding->file, at, &piece, fault);
	}
	return outcome_of(adding, outcome, fault);
}

/* To each of the parcels that wait: the recipients of a message may have several. */
static bool
attach(const struct adding *adding, const PGresult *found, struct fault *fault)
{
	for (int row = 0; row < PQntuples(found); row++) {
		size_t length;
		g_autofree unsigned char *bytes = result_bytes(found, row, PUBLIC_KEY, &length);
		struct seal_key public_key;

		if (length != SEAL_KEY_BYTES)
			return fault_set(fault, FAULT_BUG,
					 "adding a file to the parcel %s: its key is damaged",
					 PQgetvalue(found, row, PARCEL));
		memcpy(public_key.bytes, bytes, SEAL_KEY_BYTES);
		if (!large_file_attach(adding->request->connection, &adding->place, &adding->file,
				       PQgetvalue(found, row, PARCEL), &public_key, fault))
			return false;
	}
	return true;
}

static bool
put(const struct adding *adding, struct fault *fault)
{
	const struct tracked *tracked = adding->tracked;
	g_autofree char *sender = address_fold(tracked->sender);
	struct parameters parameters = {0};
	size_t length = 0;
	g_autofree unsigned char *name =
		track_seal_text(adding->file.name, tracked->secret, adding->file.id.text, &length);

	parameters_text(&parameters, adding->file.id.text);
	parameters_text(&parameters, tracked->message.text);
	parameters_text(&parameters, sender);
	parameters_bytes(&parameters, name, length);
	parameters_number(&parameters, SENDER_FILES_MAX);
	parameters_number(&parameters, (int64_t)adding->request->portal->settings->portal_quota);
	parameters_text(&parameters, adding->request->web.network);
	return batch_add(adding->request->connection, &add, &parameters, fault);
}

/* The file becomes one of the message's: all of it, or nothing. */
static enum sender_file_outcome
finish(const struct adding *adding, struct fault *fault)
{
	struct connection *connection = adding->request->connection;
	struct parameters parameters = {0};
	g_autoptr(PGresult) found = NULL;
	const char *state;

	parameters_text(&parameters, adding->tracked->message.text);
	if (!connection_execute(connection, &parcels, &parameters, &found, fault))
		return SENDER_FILE_FAILED;
	if (batch_begin(connection, fault) && attach(adding, found, fault) &&
	    large_file_leave(connection, &adding->place, fault) && put(adding, fault) &&
	    batch_commit(connection, fault))
		return SENDER_FILE_ADDED;
	state = connection_sqlstate(connection);
	if (strcmp(state, full) == 0)
		return SENDER_FILE_FULL;
	/* 23503: a parcel is gone since. */
	return strcmp(state, closed) == 0 || strcmp(state, "23503") == 0 ? SENDER_FILE_CLOSED
									 : SENDER_FILE_FAILED;
}

/* What was not added does not wait for the courier to find it. */
static void
drop(struct adding *adding)
{
	struct fault fault;

	if (!request_connect_again(adding->request, &fault) ||
	    !large_file_drop(adding->request->connection, &adding->place, adding->file.id.text,
			     &fault))
		log_error("removing a file that was not added: %s", fault.text);
}

static enum sender_file_outcome
add_file(struct adding *adding, const struct upload *upload, struct fault *fault)
{
	const struct large_file_announcement announcement = {.name = upload->name,
							     .type = upload->type,
							     .size = upload->content.length,
							     .modified = ""};
	enum sender_file_outcome outcome =
		outcome_of(adding,
			   large_file_announce(adding->request->connection, &adding->place,
					       &announcement, &adding->file, fault),
			   fault);

	if (outcome != SENDER_FILE_ADDED)
		return outcome;
	outcome = take_pieces(adding, upload, fault);
	if (outcome == SENDER_FILE_ADDED)
		outcome = finish(adding, fault);
	if (outcome != SENDER_FILE_ADDED)
		drop(adding);
	return outcome;
}

enum sender_file_outcome
sender_file_add(struct request *request, const struct tracked *tracked, const struct upload *upload,
		struct fault *fault)
{
	struct adding adding = {.request = request, .tracked = tracked};
	enum sender_file_outcome outcome;

	if (upload->content.length == 0)
		return SENDER_FILE_EMPTY;
	randombytes_buf(adding.wrapping.bytes, SEAL_KEY_BYTES);
	adding.place = (struct large_file_place){
		.id = tracked->message.text,
		.wrapping = &adding.wrapping,
		.files_max = request->portal->settings->portal_upload,
	};
	outcome = add_file(&adding, upload, fault);
	large_file_clear(&adding.file);
	sodium_memzero(&adding.wrapping, sizeof adding.wrapping);
	return outcome;
}

/* --- taking out, and reading --- */

bool
sender_file_remove(struct request *request, const struct tracked *tracked, const char *id,
		   bool *done_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct identifier file;

	*done_r = identifier_parse(&file, id);
	if (!*done_r)
		return true;
	parameters_text(&parameters, file.text);
	parameters_text(&parameters, tracked->message.text);
	parameters_text(&parameters, request->web.network);
	if (!connection_execute(request->connection, &remove_file, &parameters, &result, fault))
		return false;
	*done_r = PQntuples(result) == 1 && result_flag(result, 0, 0);
	return true;
}

bool
sender_file_read(struct connection *connection, const char *id, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, id);
	*found_r = connection_execute(connection, &mark_read, &parameters, NULL, fault);
	return *found_r || strcmp(connection_sqlstate(connection), gone) == 0;
}
