#include "portal/reading.h"

#include <string.h>

#include "core/log.h"
#include "portal/added_file.h"
#include "portal/answer.h"
#include "portal/archive.h"
#include "portal/folder_page.h"
#include "portal/formatted.h"
#include "portal/item.h"

enum {
	BLOCK_BYTES = 32768,
};

static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};
static const struct mailbox_use as_original = {.part = MAILBOX_ORIGINAL};
static const struct mailbox_use all_attachments = {.part = MAILBOX_ALL_ATTACHMENTS};

/* --- HTML --- */

/* Shown in the frame instead of HTML that cannot be shown: says why. */
static char *
sentence_instead(const struct request *request)
{
	return g_markup_printf_escaped(
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>-</title>"
		"</head><body><p>%s</p></body></html>\n",
		request->web.language,
		request_say(request,
			    "The formatted version of this message cannot be shown here. Please "
			    "read its text below, or download the message."));
}

char *
reading_document_or_sentence(struct request *request, char *document, const struct fault *fault)
{
	if (document != NULL || (fault->cause != FAULT_INPUT && fault->cause != FAULT_OVERLOAD &&
				 fault->cause != FAULT_STORAGE))
		return document;
	log_error("%s: %s", request->route->path, fault->text);
	return sentence_instead(request);
}

enum MHD_Result
reading_answer_document(struct request *request, char *document)
{
	struct MHD_Response *response;

	response =
		MHD_create_response_from_buffer(strlen(document), document, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
	/* The second wall: if anything harmful were left, it could neither run nor load anything.
	 */
	MHD_add_response_header(
		response, "Content-Security-Policy",
		"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'none'; "
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
		"sandbox allow-popups allow-popups-to-escape-sandbox");
	MHD_add_response_header(response, "X-Frame-Options", "SAMEORIGIN");
	return answer_response(request, MHD_HTTP_OK, response);
}

enum MHD_Result
reading_html(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	const struct layout *layout;
	struct formatted formatted;
	enum MHD_Result answered;
	struct fault fault;
	char *document;

	if (!item_open(request, words[0], &as_text, &item, &answered))
		return answered;
	layout = layout_within(item.layout, words[1] == NULL ? "" : words[1]);
	if (layout == NULL || !layout_has_html(layout))
		return answer_not_found(request);
	formatted = (struct formatted){request->portal->reader, &item.content, layout,
				       request->web.language};
	request_rest(request);
	document = reading_document_or_sentence(request, formatted_document(&formatted, &fault),
						&fault);
	if (document == NULL)
		return answer_fault(request, &fault);
	return reading_answer_document(request, document);
}

/* --- downloads --- */

/* In the form that libmicrohttpd requires. */
static ssize_t
pulled(bool good, size_t got, const struct fault *fault)
{
	if (good)
		return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
	log_error("sending to a browser: %s", fault->text);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t
pull_content(void *context, uint64_t position, char *buffer, size_t size)
{
	struct fault fault;
	size_t got = 0;
	bool good = content_read(context, buffer, size, &got, &fault);

	(void)position;
	return pulled(good, got, &fault);
}

static void
close_content(void *context)
{
	content_close(context);
}

static enum MHD_Result
answer_download(struct request *request, struct MHD_Response *response, const char *name)
{
	web_make_download(response, name);
	return answer_response(request, MHD_HTTP_OK, response);
}

enum MHD_Result
reading_source(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	enum MHD_Result answered;

	if (!item_open(request, request->web.tail, &as_original, &item, &answered))
		return answered;
	return answer_download(
		request,
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull_content,
						  content_open(&item.content, NULL), close_content),
		"message.eml");
}

enum MHD_Result
reading_attachment(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	struct mailbox_use use = {.part = MAILBOX_ATTACHMENT};
	const struct layout_part *part;
	enum MHD_Result answered;

	if (g_strv_length(words) != 2)
		return answer_not_found(request);
	use.attachment = words[1];
	if (!item_open(request, words[0], &use, &item, &answered))
		return answered;
	part = layout_attachment(item.layout, words[1]);
	return answer_download(
		request,
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, pull_content,
						  content_open(&item.content, part), close_content),
		part->name);
}

enum MHD_Result
reading_zip(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	enum MHD_Result answered;
	struct archive_stream *archive;
	struct fault fault;

	if (!item_open(request, request->web.tail, &all_attachments, &item, &answered))
		return answered;
	archive = archive_new();
	archive_add_attachments(archive, &item.content, g_steal_pointer(&item.layout), item.at);
	if (!added_files_pack(request, &item, archive, &fault)) {
		archive_close(archive);
		return answer_fault(request, &fault);
	}
	return answer_download(request, archive_response(archive), "attachments.zip");
}

/* A slip must not cost a message. */
static enum MHD_Result
ask_to_delete(struct request *request, const struct mailbox_item *item)
{
	g_autoptr(page_auto) page = answer_begin(request, "delete.html");
	g_autofree char *path = g_strconcat("/delete/", item->id.text, NULL);
	g_autofree char *back = g_strconcat("/message/", item->id.text, NULL);
	const char *subject = item->layout == NULL ? "" : item->layout->subject;

	page_text(page, "what", *subject == '\0' ? request_say(request, "(no subject)") : subject);
	page_attribute(page, "delete", "action", path);
	page_attribute(page, "back", "href", back);
	page_remove(page, "chosen");
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
reading_delete(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	enum MHD_Result answered;
	struct fault fault;

	if (!item_find(request, request->web.tail, &item, &answered))
		return answered;
	/* With link and code, one may read the message but not delete it. */
	if (!item.has_folder)
		return answer_not_found(request);
	if (strcmp(request_field(request, "action"), "delete-now") != 0)
		return ask_to_delete(request, &item);
	if (!mailbox_delete(request->connection, request->portal->settings, &item, &fault))
		return answer_fault(request, &fault);
	folder_page_changed(request);
	return answer_see(request, folder_path(item.folder));
}
