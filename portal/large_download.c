#include "portal/large_download.h"

#include <string.h>

#include "core/log.h"
#include "mail/layout_names.h"
#include "portal/answer.h"
#include "portal/item.h"

enum { BLOCK_BYTES = 32768 };

#define UNIT "bytes="

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

/* --- ranges --- */

enum range { RANGE_NONE, RANGE_ONE, RANGE_IMPOSSIBLE };

/* Digits alone, as many as there are. False: there are none, or the number is too large. */
static bool
read_number(const char **text, uint64_t *number_r)
{
	char *end;

	if (!g_ascii_isdigit(**text))
		return false;
	*number_r = g_ascii_strtoull(*text, &end, 10);
	*text = end;
	return *number_r < G_MAXINT64;
}

/* "-500": the last ones. */
static enum range
read_suffix(const char *text, uint64_t size, uint64_t *from_r)
{
	uint64_t count;

	if (!read_number(&text, &count) || *text != '\0')
		return RANGE_NONE;
	*from_r = size - MIN(count, size);
	return count == 0 ? RANGE_IMPOSSIBLE : RANGE_ONE;
}

/* RFC 9110 §14.1.2; what is not understood is ignored (§14.2). */
static enum range
read_range(const char *text, uint64_t size, uint64_t *from_r, uint64_t *to_r)
{
	uint64_t first, last = UINT64_MAX;

	if (text == NULL || g_ascii_strncasecmp(text, UNIT, strlen(UNIT)) != 0)
		return RANGE_NONE;
	text += strlen(UNIT);
	if (*text == '-')
		return read_suffix(text + 1, size, from_r);
	if (!read_number(&text, &first) || *text++ != '-' ||
	    (*text != '\0' && !read_number(&text, &last)) || *text != '\0' || last < first)
		return RANGE_NONE;
	if (first >= size)
		return RANGE_IMPOSSIBLE;
	*from_r = first;
	*to_r = MIN(last, size - 1) + 1;
	return RANGE_ONE;
}

static enum range
wanted(const struct request *request, const struct large_file *file, const char *tag,
       uint64_t *from_r, uint64_t *to_r)
{
	const char *only_if = web_header(&request->web, "If-Range");

	*from_r = 0;
	*to_r = file->size;
	if (only_if != NULL && strcmp(only_if, tag) != 0)
		return RANGE_NONE;
	return read_range(web_header(&request->web, "Range"), file->size, from_r, to_r);
}

/* --- answers --- */

char *
large_download_name(const struct large_file *file)
{
	return layout_name(file->name, file->type, 0);
}

static enum MHD_Result
answer_impossible(struct request *request, const struct large_file *file)
{
	g_autofree char *range = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, file->size);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

	MHD_add_response_header(response, "Content-Range", range);
	return answer_response(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

enum MHD_Result
large_download_answer(struct request *request, const struct large_file *file)
{
	g_autofree char *name = large_download_name(file);
	/* What a file consists of never changes. */
	g_autofree char *tag = g_strdup_printf("\"%s\"", file->id.text);
	g_autofree char *part = NULL;
	struct MHD_Response *response;
	uint64_t from, to;
	enum range range = wanted(request, file, tag, &from, &to);

	if (range == RANGE_IMPOSSIBLE)
		return answer_impossible(request, file);
	response = MHD_create_response_from_callback(
		to - from, BLOCK_BYTES, pull,
		large_file_open(request->portal->database, file, from, to), close_file);
	web_make_download(response, name);
	MHD_add_response_header(response, "Accept-Ranges", "bytes");
	MHD_add_response_header(response, "ETag", tag);
	if (range == RANGE_NONE)
		return answer_response(request, MHD_HTTP_OK, response);
	part = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT
			       "/%" G_GUINT64_FORMAT,
			       from, to - 1, file->size);
	MHD_add_response_header(response, "Content-Range", part);
	return answer_response(request, MHD_HTTP_PARTIAL_CONTENT, response);
}

/* --- beside a message --- */

static const struct large_file *
file_among(const GPtrArray *files, const char *id)
{
	for (guint i = 0; i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);

		if (strcmp(file->id.text, id) == 0)
			return file;
	}
	return NULL;
}

/* Only a message that has the file is opened, which is then on record. */
enum MHD_Result
large_download_show(struct request *request)
{
	static const struct mailbox_use beside = {.part = MAILBOX_BESIDE, .without_layout = true};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	g_auto(mailbox_item_auto) item = {0}, opened = {0};
	g_autoptr(GPtrArray) files = NULL;
	const struct large_file *file;
	enum MHD_Result answered;
	struct fault fault;

	if (!item_find(request, words[0], &item, &answered))
		return answered;
	files = large_file_of_parcel(request->connection, item.content.parcel.text,
				     &item.content.key, &fault);
	if (files == NULL)
		return answer_fault(request, &fault);
	file = words[1] == NULL ? NULL : file_among(files, words[1]);
	if (file == NULL)
		return answer_not_found(request);
	if (!item_open(request, item.id.text, &beside, &opened, &answered))
		return answered;
	return large_download_answer(request, file);
}
