#include "portal/large_download.h"

#include "core/log.h"
#include "mail/layout_names.h"
#include "portal/answer.h"
#include "portal/item.h"
#include "portal/sender_file.h"
#include "portal/web/range.h"

enum { BLOCK_BYTES = 32768 };

static ssize_t
pull(void *context, uint64_t position, char *buffer, size_t size)
{
	struct fault fault;
	size_t got;

	(void)position;
	if (!large_file_read(context, buffer, size, &got, &fault)) {
		log_error("sending to a browser: %s", fault.text);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
}

static void
close_file(void *context)
{
	large_file_close(context);
}

char *
large_download_name(const struct large_file *file)
{
	return layout_name(file->name, file->type, 0);
}

static enum MHD_Result
answer_not_satisfiable(struct request *request, const struct large_file *file)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	range_describe(response, RANGE_NOT_SATISFIABLE, file->size, 0, 0);
	return answer_response(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

enum MHD_Result
large_download_answer(struct request *request, const struct large_file *file)
{
	g_autofree char *name = large_download_name(file);
	/* What a file consists of never changes. */
	g_autofree char *tag = g_strdup_printf("\"%s\"", file->id.text);
	struct MHD_Response *response;
	uint64_t from, to;
	enum range range = range_of(&request->web, tag, file->size, &from, &to);

	if (range == RANGE_NOT_SATISFIABLE)
		return answer_not_satisfiable(request, file);
	response = MHD_create_response_from_callback(
		to - from, BLOCK_BYTES, pull,
		large_file_open(request->portal->database, file, from, to), close_file);
	range_describe(response, range, file->size, from, to);
	MHD_add_response_header(response, "ETag", tag);
	web_make_download(response, name);
	return answer_response(
		request, range == RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response);
}

/* --- beside a message --- */

/* Only a message that has the file is opened, which is then on record. */
enum MHD_Result
large_download_show(struct request *request)
{
	struct mailbox_use beside = {.part = MAILBOX_BESIDE, .without_layout = true};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	g_auto(mailbox_item_auto) item = {0}, opened = {0};
	g_autoptr(GPtrArray) files = NULL;
	const struct large_file *file;
	enum MHD_Result answered;
	struct fault fault;
	bool is_added;

	if (!item_find(request, words[0], &item, &answered))
		return answered;
	files = large_file_of_parcel(request->connection, item.content.parcel.text,
				     &item.content.key, &fault);
	if (files == NULL)
		return answer_fault(request, &fault);
	file = words[1] == NULL ? NULL : large_file_among(files, words[1]);
	if (file == NULL)
		return answer_not_found(request);
	/* One that its sender added has a place of its own (added_file.h), which knows if it was
	 * taken out, and that it was read. */
	if (!sender_file_is(request->connection, file->id.text, &is_added, &fault))
		return answer_fault(request, &fault);
	if (is_added)
		return answer_not_found(request);
	beside.number = large_file_number(files, file);
	if (!request->web.is_head && !item_open(request, item.id.text, &beside, &opened, &answered))
		return answered;
	return large_download_answer(request, file);
}
