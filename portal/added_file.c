#include "portal/added_file.h"

#include <string.h>

#include "portal/answer.h"
#include "portal/item.h"
#include "portal/large_download.h"
#include "portal/sender_file.h"

static const struct statement of_parcel = {
	"added_files",
	"select f.file, f.number, extract(epoch from f.added_at)::bigint "
	"from postseal.sender_file f join postseal.large_file_parcel l on l.file = f.file "
	"where l.parcel = $1 and f.removed_at is null order by f.number"};

/* --- the list --- */

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
	files_r->all = large_file_of_parcel(request->connection, parcel, &item->content.key, fault);
	for (int row = 0; files_r->all != NULL && row < PQntuples(result); row++) {
		const struct added_file added = {
			large_file_among(files_r->all, PQgetvalue(result, row, 0)),
			(unsigned)result_number(result, row, 1), result_number(result, row, 2)};

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

guint
added_files_count_own(const struct added_files *files)
{
	guint count = 0;

	for (guint i = 0; i < files->all->len; i++)
		count += ((const struct large_file *)g_ptr_array_index(files->all, i))->is_members;
	return count;
}

static void
show_one(const struct request *request, struct page *page, const struct mailbox_item *item,
	 const struct added_file *added)
{
	g_autofree char *place =
		g_strdup_printf("/added/%s/%s", item->id.text, added->file->id.text);
	g_autofree char *when = request_date(request, added->added_at);
	g_autofree char *size = request_size(request, added->file->size);
	g_autofree char *name = large_download_name(added->file);

	page_repeat(page, "added-file");
	page_text(page, "added-link", name);
	page_attribute(page, "added-link", "href", place);
	page_attribute(page, "added-link", "download", name);
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

bool
added_files_pack(struct request *request, const struct mailbox_item *item,
		 struct archive_stream *archive, struct fault *fault)
{
	struct database *database = request->portal->database;
	g_auto(added_files_auto) files = {0};

	if (!added_files_find(request, item, &files, fault))
		return false;
	for (guint i = 0; i < files.all->len; i++) {
		const struct large_file *file = g_ptr_array_index(files.all, i);

		if (file->is_members)
			archive_add_large(archive, database, file, item->at);
	}
	for (guint i = 0; i < files.added->len; i++) {
		const struct added_file *added = &g_array_index(files.added, struct added_file, i);
		bool found = true;

		if (!request->web.is_head && !record(request, item, added, &found, fault))
			return false;
		if (found)
			archive_add_large(archive, database, added->file, added->added_at);
	}
	return true;
}

static enum MHD_Result
give(struct request *request, const struct mailbox_item *item, const struct added_file *added)
{
	struct fault fault;
	bool found = true;

	if (!request->web.is_head && !record(request, item, added, &found, &fault))
		return answer_fault(request, &fault);
	return found ? large_download_answer(request, added->file) : answer_not_found(request);
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
