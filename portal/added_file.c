#include "portal/added_file.h"

#include <string.h>

#include "core/log.h"
#include "portal/answer.h"
#include "portal/item.h"
#include "portal/sender_file.h"
#include "portal/web/range.h"

enum { BLOCK_BYTES = 32768 };

static const struct statement of_parcel = {
	"added_files",
	"select f.file, f.number, extract(epoch from f.added_at)::bigint "
	"from postseal.sender_file f join postseal.large_file_parcel l on l.file = f.file "
	"where l.parcel = $1 and f.removed_at is null order by f.number"};

/* --- the list --- */

static const struct large_file *
file_of(const GPtrArray *all, const char *id)
{
	for (guint i = 0; i < all->len; i++) {
		const struct large_file *file = g_ptr_array_index(all, i);

		if (strcmp(file->id.text, id) == 0)
			return file;
	}
	return NULL;
}

bool
added_files_find(const struct request *request, const struct mailbox_item *item,
		 struct added_files *files_r, struct fault *fault)
{
	const char *parcel = item->content.parcel.text;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*files_r =
		(struct added_files){.added = g_array_new(FALSE, FALSE, sizeof(struct added_file))};
	parameters_text(&parameters, parcel);
	if (!connection_execute(request->connection, &of_parcel, &parameters, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	files_r->all = large_file_of_parcel(request->connection, parcel, &item->content.key, fault);
	for (int row = 0; files_r->all != NULL && row < PQntuples(result); row++) {
		const struct added_file added = {file_of(files_r->all, PQgetvalue(result, row, 0)),
						 (unsigned)result_number(result, row, 1),
						 result_number(result, row, 2)};

		/* One that came between the two queries is listed the next time. */
		if (added.file != NULL)
			g_array_append_val(files_r->added, added);
	}
	return files_r->all != NULL;
}

void
added_files_clear(struct added_files *files)
{
	g_clear_pointer(&files->all, g_ptr_array_unref);
	g_clear_pointer(&files->added, g_array_unref);
}

static void
show_one(const struct request *request, struct page *page, const struct mailbox_item *item,
	 const struct added_file *added)
{
	g_autofree char *place =
		g_strdup_printf("/added/%s/%s", item->id.text, added->file->id.text);
	g_autofree char *when = request_date(request, added->added_at);
	g_autofree char *size = request_size(request, added->file->size);

	page_repeat(page, "added-file");
	page_text(page, "added-link", added->file->name);
	page_attribute(page, "added-link", "href", place);
	page_attribute(page, "added-link", "download", added->file->name);
	page_text(page, "added-when", when);
	page_text(page, "added-size", size);
}

void
added_files_show(const struct request *request, struct page *page, const struct mailbox_item *item,
		 const struct added_files *files)
{
	/* An organisation's own page may be older than this. */
	if (!page_has(page, "added-file"))
		return;
	if (files->added->len == 0) {
		page_remove(page, "added");
		return;
	}
	for (guint i = 0; i < files->added->len; i++)
		show_one(request, page, item, &g_array_index(files->added, struct added_file, i));
	page_repeat_end(page, "added-file");
}

/* --- the download --- */

static ssize_t
pull(void *context, uint64_t position, char *buffer, size_t size)
{
	struct fault fault;
	size_t got = 0;

	(void)position;
	if (large_file_read(context, buffer, size, &got, &fault))
		return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
	log_error("sending a file to a browser: %s", fault.text);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
close_reader(void *context)
{
	large_file_close(context);
}

static enum MHD_Result
answer_bytes(struct request *request, const struct large_file *file, enum range range,
	     uint64_t from, uint64_t to)
{
	g_autofree char *tag = g_strdup_printf("\"%s\"", file->id.text);
	struct MHD_Response *response = MHD_create_response_from_callback(
		to - from, BLOCK_BYTES, pull,
		large_file_open(request->portal->database, file, from, to), close_reader);

	range_describe(response, range, file->size, from, to);
	MHD_add_response_header(response, "ETag", tag);
	web_make_download(response, file->name);
	return answer_response(
		request, range == RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

static enum MHD_Result
answer_not_satisfiable(struct request *request, const struct large_file *file)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	range_describe(response, RANGE_NOT_SATISFIABLE, file->size, 0, 0);
	return answer_response(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

/* The sender cannot take it out any more, and the record says who was given it. */
static bool
record(struct request *request, const struct mailbox_item *item, const struct added_file *added,
       bool *found_r, struct fault *fault)
{
	const struct mailbox mailbox = item_mailbox(request);
	g_auto(mailbox_item_auto) opened = {0};
	const struct mailbox_use use = {
		.part = MAILBOX_ADDED_FILE, .number = added->number, .without_layout = true};

	return sender_file_read(request->connection, added->file->id.text, found_r, fault) &&
	       (!*found_r || mailbox_open(&mailbox, item->id.text, &use, &opened, found_r, fault));
}

static enum MHD_Result
give(struct request *request, const struct mailbox_item *item, const struct added_file *added)
{
	g_autofree char *tag = g_strdup_printf("\"%s\"", added->file->id.text);

	enum range range;
	uint64_t from, to;
	struct fault fault;
	bool found = true;

	range = range_of(&request->web, tag, added->file->size, &from, &to);
	if (range == RANGE_NOT_SATISFIABLE)
		return answer_not_satisfiable(request, added->file);
	if (!request->web.is_head && !record(request, item, added, &found, &fault))
		return answer_fault(request, &fault);
	return found ? answer_bytes(request, added->file, range, from, to)
		     : answer_not_found(request);
}

enum MHD_Result
added_file_download(struct request *request)
{
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	g_auto(mailbox_item_auto) item = {0};
	g_auto(added_files_auto) files = {0};
	enum MHD_Result answered;
	struct identifier id;
	struct fault fault;

	if (g_strv_length(words) != 2 || !identifier_parse(&id, words[1]))
		return answer_not_found(request);
	if (!item_find(request, words[0], &item, &answered))
		return answered;
	if (!added_files_find(request, &item, &files, &fault))
		return answer_fault(request, &fault);
	for (guint i = 0; i < files.added->len; i++) {
		const struct added_file *added = &g_array_index(files.added, struct added_file, i);

		if (strcmp(added->file->id.text, id.text) == 0)
			return give(request, &item, added);
	}
	return answer_not_found(request);
}
