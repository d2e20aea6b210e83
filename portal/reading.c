#include "portal/reading.h"

#include <string.h>

#include "audit/state.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "mail/html.h"
#include "portal/answer.h"
#include "portal/archive.h"
#include "portal/item.h"

enum {
	TEXT_MAX = 1024 * 1024, /* of a message's text shown on a page */
	BLOCK_BYTES = 32768,
	PLACE_MAX = 64,
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

/* --- one message --- */

/* With a note if the text is longer than a page can show. */
static char *
text_of(const struct request *request, const struct mailbox_item *item, struct fault *fault)
{
	bool cut;
	g_autofree char *text = item_text(request, item, TEXT_MAX, &cut, fault);

	if (text == NULL || !cut)
		return g_steal_pointer(&text);
	return g_strconcat(
		text, "\n\n",
		request_say(request,
			    "[The text is too long to be shown in full. Download the message to "
			    "read all of it.]"),
		NULL);
}

static void
list_attachments(const struct request *request, struct page *page, const struct mailbox_item *item)
{
	const GPtrArray *attachments = item->layout->attachments;
	g_autofree char *all = g_strconcat("/zip/", item->id.text, NULL);

	if (attachments->len == 0) {
		page_remove(page, "attachments");
		return;
	}
	for (guint i = 0; i < attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(attachments, i);
		g_autofree char *place = g_strdup_printf("/attachment/%s/%u", item->id.text, i);
		g_autofree char *size = request_size(request, layout_size(part));

		page_repeat(page, "attachment");
		page_text(page, "attachment-link", part->name);
		page_attribute(page, "attachment-link", "href", place);
		page_attribute(page, "attachment-link", "download", part->name);
		page_text(page, "attachment-size", size);
	}
	page_repeat_end(page, "attachment");
	if (attachments->len < 2)
		page_remove(page, "all");
	else
		page_attribute(page, "all", "href", all);
}

static void
set_place(struct page *page, const char *name, const char *attribute, const char *path,
	  const struct mailbox_item *item)
{
	char place[PLACE_MAX];

	g_snprintf(place, sizeof place, "%s%s", path, item->id.text);
	page_attribute(page, name, attribute, place);
}

/* What the reader can do with the message. */
static void
offer_actions(const struct request *request, struct page *page, const struct mailbox_item *item)
{
	bool is_member = request->session.state == SESSION_MEMBER;

	page_choose(page, is_member, "member-actions", "guest-actions");
	set_place(page, "source", "href", "/source/", item);
	if (!is_member)
		return;
	set_place(page, "forward", "href", "/forward/", item);
	if (mailbox_is_received(item)) {
		set_place(page, "reply", "href", "/reply/", item);
		set_place(page, "reply-all", "href", "/replyall/", item);
	} else {
		page_remove(page, "reply");
		page_remove(page, "reply-all");
	}
	if (item->has_folder)
		set_place(page, "delete", "action", "/delete/", item);
	else
		page_remove(page, "delete");
	if (strchr(item->layout->addresses, ' ') == NULL)
		page_remove(page, "reply-all");
}

static void
fill_header(const struct request *request, struct page *page, const struct mailbox_item *item)
{
	const struct layout *layout = item->layout;
	g_autofree char *when = request_date(request, layout->date != 0 ? layout->date : item->at);
	g_autofree char *until = request_date(request, item->expires_at);

	page_text(page, "subject", or_else(layout->subject, request_say(request, "(no subject)")));
	page_text(page, "from", or_else(layout->from, item->sender));
	page_text(page, "to", layout->to);
	if (*layout->cc == '\0')
		page_remove(page, "cc-line");
	else
		page_text(page, "cc", layout->cc);
	page_text(page, "date", when);
	page_text(page, "until", until);
}

static void
fill_body(struct page *page, const struct mailbox_item *item, const char *text)
{
	if (!layout_has_html(item->layout)) {
		page_remove(page, "frame");
		page_remove(page, "plain");
		page_text(page, "text", text);
		return;
	}
	set_place(page, "frame", "src", "/html/", item);
	page_text(page, "text-instead", text);
	page_remove(page, "text");
}

enum MHD_Result
reading_message(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_autoptr(page_auto) page = NULL;
	g_autofree char *text = NULL;
	enum MHD_Result answered;
	struct fault fault;

	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	text = text_of(request, &item, &fault);
	if (text == NULL)
		return answer_fault(request, &fault);
	page = answer_begin(request, "message.html");
	fill_header(request, page, &item);
	fill_body(page, &item, text);
	list_attachments(request, page, &item);
	offer_actions(request, page, &item);
	return answer_page(request, MHD_HTTP_OK, page);
}

/* --- HTML --- */

/* A picture is read once, however often the HTML shows it, and not at all if there is no room for
 * it: a small mail may refer to a large picture ten thousand times. */
struct picture {
	const struct layout_part *part;
	bool is_tried;
	GBytes *bytes; /* NULL: it cannot be read */
};

struct pictures {
	const struct content_source *source;
	GHashTable *by_cid; /* struct picture */
	size_t left;	    /* bytes: the HTML may show the same picture again and again */
};

static void
picture_free(struct picture *picture)
{
	g_clear_pointer(&picture->bytes, g_bytes_unref);
	g_free(picture);
}

static void
pictures_init(struct pictures *pictures, const struct mailbox_item *item)
{
	const GPtrArray *related = item->layout->related;

	pictures->source = &item->content;
	pictures->left = LAYOUT_PICTURES_MAX;
	pictures->by_cid =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)picture_free);
	for (guint i = 0; i < related->len; i++) {
		const struct layout_part *part = g_ptr_array_index(related, i);
		struct picture *picture;

		if (part->cid == NULL || g_hash_table_contains(pictures->by_cid, part->cid))
			continue;
		picture = g_new0(struct picture, 1);
		picture->part = part;
		g_hash_table_insert(pictures->by_cid, part->cid, picture);
	}
}

static void
read_picture(const struct pictures *pictures, struct picture *picture)
{
	struct fault fault = {0};

	picture->is_tried = true;
	picture->bytes = content_bytes(pictures->source, picture->part, pictures->left, &fault);
	if (fault.cause != FAULT_NONE)
		log_error("showing a picture: %s", fault.text);
}

static bool
find_picture(void *context, const char *cid, GBytes **bytes_r, const char **type_r)
{
	struct pictures *pictures = context;
	struct picture *picture = g_hash_table_lookup(pictures->by_cid, cid);

	if (picture == NULL || layout_size(picture->part) > pictures->left)
		return false;
	if (!picture->is_tried)
		read_picture(pictures, picture);
	if (picture->bytes == NULL || g_bytes_get_size(picture->bytes) > pictures->left)
		return false;
	pictures->left -= g_bytes_get_size(picture->bytes);
	*bytes_r = g_bytes_ref(picture->bytes);
	*type_r = picture->part->type;
	return true;
}

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

static void
piece_clear(void *data)
{
	g_free(((struct html_piece *)data)->text);
}

/* The body and what continues it: struct html_piece. The total amount of HTML is limited. */
static GArray *
pieces_of(const struct mailbox_item *item, struct fault *fault)
{
	const struct layout *layout = item->layout;
	g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct html_piece));
	const struct layout_part *part = layout->html != NULL ? layout->html : layout->text;
	size_t left = HTML_MAX;

	g_array_set_clear_func(pieces, piece_clear);
	for (guint i = 0; part != NULL; i++) {
		struct html_piece piece = {.is_html = layout_is_html(part)};

		piece.text = content_text(&item->content, part, left, &piece.is_cut, fault);
		if (piece.text == NULL)
			return NULL;
		left -= MIN(left, strlen(piece.text));
		g_array_append_val(pieces, piece);
		part = i < layout->further->len ? g_ptr_array_index(layout->further, i) : NULL;
	}
	return g_steal_pointer(&pieces);
}

/* The whole document; caller frees. NULL with `fault` filled if its bytes cannot be read. */
static char *
document_of(struct request *request, const struct mailbox_item *item, struct fault *fault)
{
	struct pictures pictures;
	const struct html_pictures found = {find_picture, &pictures};
	g_autoptr(GArray) pieces = pieces_of(item, fault);
	char *document;

	if (pieces == NULL)
		return NULL;
	request_rest(request);
	pictures_init(&pictures, item);
	document = html_document(request->portal->reader, (const struct html_piece *)pieces->data,
				 pieces->len, &found, request->web.language, fault);
	g_hash_table_unref(pictures.by_cid);
	if (document != NULL)
		return document;
	log_error("%s: %s", request->route->path, fault->text);
	return sentence_instead(request);
}

enum MHD_Result
reading_html(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	struct MHD_Response *response;
	enum MHD_Result answered;
	struct fault fault;
	char *document;

	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	if (!layout_has_html(item.layout))
		return answer_not_found(request);
	document = document_of(request, &item, &fault);
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
	guint64 number;

	if (g_strv_length(words) != 2 ||
	    !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT, &number, NULL))
		return answer_not_found(request);
	use.attachment = (guint)number;
	if (!item_open(request, words[0], &use, &item, &answered))
		return answered;
	part = g_ptr_array_index(item.layout->attachments, number);
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
