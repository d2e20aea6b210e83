#include "portal/reading.h"

#include <string.h>

#include "audit/state.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "portal/answer.h"
#include "portal/archive.h"
#include "portal/formatted.h"
#include "portal/item.h"

enum {
	BLOCK_BYTES = 32768,
};

static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};
static const struct mailbox_use as_original = {.part = MAILBOX_ORIGINAL};
static const struct mailbox_use all_attachments = {.part = MAILBOX_ALL_ATTACHMENTS};

/* --- folders --- */

static const struct {
	const char *path, *title;
} folders[FOLDERS] = {
	[FOLDER_INBOX] = {"/inbox", N_("Inbox")},
	[FOLDER_SENT] = {"/sent", N_("Sent")},
	[FOLDER_DRAFTS] = {"/drafts", N_("Drafts")},
};

static const char *
or_else(const char *text, const char *otherwise)
{
	return text == NULL || *text == '\0' ? otherwise : text;
}

/* "alice@example.com: read; …": from the states of the copies in the log. */
static char *
states_shown(const struct request *request, const char *states)
{
	g_auto(GStrv) copies = g_strsplit(states, "; ", -1);
	GString *shown = g_string_new(NULL);

	for (char **copy = copies; *copy != NULL; copy++) {
		char *state = strrchr(*copy, ' ');

		if (state == NULL)
			continue;
		*state++ = '\0';
		g_string_append_printf(shown, "%s%s: %s", shown->len > 0 ? "; " : "", *copy,
				       request_say(request, copy_state_shown(state)));
	}
	return g_string_free(shown, FALSE);
}

static void
list_entry(const struct request *request, struct page *page, enum folder folder,
	   const struct mailbox_entry *entry)
{
	g_autofree char *when = request_date(request, entry->at);
	g_autofree char *states = states_shown(request, entry->states);
	g_autofree char *place = g_strconcat(folder == FOLDER_DRAFTS ? "/draft/" : "/message/",
					     entry->id.text, NULL);
	const char *who = folder == FOLDER_INBOX ? or_else(entry->from, entry->sender)
						 : or_else(entry->to, "");

	page_repeat(page, "entry");
	page_attribute(page, "entry-link", "href", place);
	page_text(page, "entry-subject",
		  or_else(entry->subject, request_say(request, "(no subject)")));
	page_text(page, "entry-who", who);
	page_text(page, "entry-when", when);
	if (folder != FOLDER_INBOX || !entry->is_unread)
		page_remove(page, "entry-unread");
	if (*entry->states == '\0')
		page_remove(page, "entry-states");
	else
		page_text(page, "entry-states", states);
}

static void
fill_search(struct page *page, enum folder folder, const struct mailbox_question *question)
{
	page_attribute(page, "search", "action", folders[folder].path);
	page_attribute(page, "search-sender", "value", question->sender);
	page_attribute(page, "search-since", "value", question->since);
	page_attribute(page, "search-until", "value", question->until);
	if (*question->sender != '\0' || *question->since != '\0' || *question->until != '\0')
		page_attribute(page, "search-box", "open", "open");
}

/* Links to the same search, continued after the last entry. */
static void
link_older(struct page *page, enum folder folder, const struct mailbox_question *question,
	   const GPtrArray *entries)
{
	const struct mailbox_entry *last = g_ptr_array_index(entries, entries->len - 1);
	g_autofree char *sender = g_uri_escape_string(question->sender, NULL, FALSE);
	g_autofree char *since = g_uri_escape_string(question->since, NULL, FALSE);
	g_autofree char *until = g_uri_escape_string(question->until, NULL, FALSE);
	g_autofree char *place =
		g_strdup_printf("%s?before=%s&sender=%s&since=%s&until=%s", folders[folder].path,
				last->id.text, sender, since, until);

	page_attribute(page, "older", "href", place);
}

static enum MHD_Result
show_folder(struct request *request, enum folder folder)
{
	const struct mailbox_question question = {.folder = folder,
						  .sender = request_query(request, "sender"),
						  .since = request_query(request, "since"),
						  .until = request_query(request, "until"),
						  .before = request_query(request, "before")};
	struct fault fault;
	bool more;
	g_autoptr(GPtrArray) entries =
		mailbox_list(request->connection, &request->session, &question, &more, &fault);
	g_autoptr(page_auto) page = NULL;

	if (entries == NULL)
		return answer_fault(request, &fault);
	page = answer_begin(request, "list.html");
	page_text(page, "title", request_say(request, folders[folder].title));
	fill_search(page, folder, &question);
	for (guint i = 0; i < entries->len; i++)
		list_entry(request, page, folder, g_ptr_array_index(entries, i));
	page_repeat_end(page, "entry");
	page_choose(page, entries->len > 0, "entries", "none");
	if (more)
		link_older(page, folder, &question, entries);
	else
		page_remove(page, "older");
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
reading_inbox(struct request *request)
{
	return show_folder(request, FOLDER_INBOX);
}

enum MHD_Result
reading_sent(struct request *request)
{
	return show_folder(request, FOLDER_SENT);
}

enum MHD_Result
reading_drafts(struct request *request)
{
	return show_folder(request, FOLDER_DRAFTS);
}

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

/* The whole document; caller frees. NULL with `fault` filled if its bytes cannot be read; if the
 * reader cannot make it, a sentence takes its place. */
static char *
document_of(struct request *request, const struct mailbox_item *item, const struct layout *layout,
	    struct fault *fault)
{
	const struct formatted formatted = {request->portal->reader, &item->content, layout,
					    request->web.language};
	char *document;

	request_rest(request);
	document = formatted_document(&formatted, fault);
	if (document != NULL || (fault->cause != FAULT_INPUT && fault->cause != FAULT_OVERLOAD &&
				 fault->cause != FAULT_STORAGE))
		return document;
	log_error("%s: %s", request->route->path, fault->text);
	return sentence_instead(request);
}

enum MHD_Result
reading_html(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	const struct layout *layout;
	struct MHD_Response *response;
	enum MHD_Result answered;
	struct fault fault;
	char *document;

	if (!item_open(request, words[0], &as_text, &item, &answered))
		return answered;
	layout = layout_within(item.layout, words[1] == NULL ? "" : words[1]);
	if (layout == NULL || !layout_has_html(layout))
		return answer_not_found(request);
	document = document_of(request, &item, layout, &fault);
	if (document == NULL)
		return answer_fault(request, &fault);
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

static ssize_t
pull_archive(void *context, uint64_t position, char *buffer, size_t size)
{
	struct fault fault;
	size_t got = 0;
	bool good = archive_pull(context, buffer, size, &got, &fault);

	(void)position;
	return pulled(good, got, &fault);
}

static void
close_archive(void *context)
{
	archive_close(context);
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

	if (!item_open(request, request->web.tail, &all_attachments, &item, &answered))
		return answered;
	archive = archive_open(&item.content, g_steal_pointer(&item.layout), item.at);
	return answer_download(request,
			       MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
								 pull_archive, archive,
								 close_archive),
			       "attachments.zip");
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
	if (!mailbox_delete(request->connection, request->portal->settings, &item, &fault))
		return answer_fault(request, &fault);
	return answer_see(request, folders[item.folder].path);
}
