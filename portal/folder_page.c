#include "portal/folder_page.h"

#include <string.h>

#include "audit/state.h"
#include "core/address.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "keystore/keystore.h"
#include "mail/display_name.h"
#include "portal/answer.h"
#include "portal/archive.h"
#include "portal/item.h"
#include "portal/own_folder.h"
#include "portal/search_index.h"

enum { INDEXED_WITH_A_LIST = 100 }; /* messages, so that a search has little left to do */

static const char ticked_prefix[] = "message-";

static const struct {
	const char *path, *title;
} folders[FOLDERS] = {
	[FOLDER_INBOX] = {"/inbox", N_("Inbox")},
	[FOLDER_SENT] = {"/sent", N_("Sent")},
	[FOLDER_DRAFTS] = {"/drafts", N_("Drafts")},
};

const char *
folder_path(enum folder folder)
{
	return folders[folder].path;
}

void
folder_page_changed(const struct request *request)
{
	known_counts_forget(request->portal->counts, request->session.account.id.text);
}

static const char *
or_else(const char *text, const char *otherwise)
{
	return text == NULL || *text == '\0' ? otherwise : text;
}

/* --- where a list begins, and in which order --- */

char *
folder_page_place(const char *path, const struct folder_question *question, const char *before,
		  const char *after)
{
	const struct {
		const char *name, *value;
	} fields[] = {{"order", question->is_oldest_first ? "oldest" : ""},
		      {"before", or_else(before, "")},
		      {"after", or_else(after, "")}};
	GString *place = g_string_new(path);
	char separator = '?';

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (*fields[i].value == '\0')
			continue;
		g_string_append_printf(place, "%c%s=%s", separator, fields[i].name,
				       fields[i].value);
		separator = '&';
	}
	return g_string_free(place, FALSE);
}

/* Only what may stand in a link again. */
static const char *
identifier_or_none(const char *text)
{
	struct identifier id;

	return identifier_parse(&id, text) ? text : "";
}

struct folder_question
folder_page_question(const struct request *request, enum folder folder, folder_page_field *get)
{
	return (struct folder_question){.folder = folder,
					.is_oldest_first =
						strcmp(get(request, "order"), "oldest") == 0,
					.before = identifier_or_none(get(request, "before")),
					.after = identifier_or_none(get(request, "after"))};
}

/* --- a list --- */

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

/* The box is named by the line that it stands for. */
static void
fill_box(const struct request *request, struct page *page, const struct folder_entry *entry)
{
	g_autofree char *field = g_strconcat(ticked_prefix, entry->id.text, NULL);
	g_autofree char *subject = g_strconcat("subject-", entry->id.text, NULL);
	g_autofree char *label = g_strconcat("select ", subject, NULL);

	page_attribute(page, "entry-box", "name", field);
	page_attribute(page, "entry-box", "aria-labelledby", label);
	page_attribute(page, "entry-subject", "id", subject);
	if (strcmp(request_query(request, "select"), "all") == 0)
		page_attribute(page, "entry-box", "checked", "checked");
}

/* The folder's name, as the member or we call it. */
static const char *
folder_shown(const struct request *request, const GPtrArray *own, const struct folder_entry *entry)
{
	const struct own_folder *filed =
		entry->own == NULL ? NULL : own_folder_find(own, entry->own);

	return filed != NULL ? filed->name : request_say(request, folders[entry->folder].title);
}

/* Caller frees. */
static char *
place_of_entry(const struct folder_entry *entry)
{
	if (entry->folder != FOLDER_DRAFTS)
		return g_strconcat("/message/", entry->id.text, NULL);
	return g_strconcat("/draft/", or_else(entry->draft, entry->id.text), NULL);
}

/* What an employee is called, the company's own mail programs say; anybody else's name is their own
 * word, and their address stands beside it. Caller frees. */
static char *
author_shown(const struct request *request, const struct folder_entry *entry)
{
	g_autofree char *sender = address_fold(entry->sender);

	if (entry->from == NULL || *entry->from == '\0' || strcmp(entry->from, entry->sender) == 0)
		return g_strdup(entry->sender);
	if (keystore_is_employee(request->portal->settings->domains, sender))
		return g_strdup(entry->from);
	return display_name_is_plain(entry->from)
		       ? g_strdup_printf("%s <%s>", entry->from, entry->sender)
		       : g_strdup(entry->sender);
}

static void
list_entry(const struct request *request, struct page *page, const struct folder_view *view,
	   const GPtrArray *own, const struct folder_entry *entry)
{
	g_autofree char *when = request_date(request, entry->at);
	g_autofree char *states = states_shown(request, entry->states);
	g_autofree char *place = place_of_entry(entry);
	g_autofree char *author = author_shown(request, entry);
	const char *who = entry->folder == FOLDER_INBOX ? author : or_else(entry->to, "");

	page_repeat(page, "entry");
	fill_box(request, page, entry);
	page_attribute(page, "entry-link", "href", place);
	page_text(page, "entry-subject",
		  or_else(entry->subject, request_say(request, "(no subject)")));
	page_text(page, "entry-who", who);
	page_text(page, "entry-when", when);
	page_text_if_any(page, "entry-folder",
			 view->search == NULL ? NULL : folder_shown(request, own, entry));
	if (entry->folder == FOLDER_INBOX && entry->is_unread)
		page_attribute(page, "entry-link", "class", "new");
	else
		page_remove(page, "entry-unread");
	page_text_if_any(page, "entry-states", *entry->states == '\0' ? NULL : states);
}

/* What is looked for is shown again with what was found. */
static void
fill_search(struct page *page, const struct search *search)
{
	if (search == NULL)
		return;
	page_attribute(page, "search-words", "value", search->words);
	page_attribute(page, "search-since", "value", search->since);
	page_attribute(page, "search-until", "value", search->until);
	if (*search->since != '\0' || *search->until != '\0')
		page_attribute(page, "search-dates", "open", "open");
}

static void
set_link(struct page *page, const char *name, const struct folder_view *view, const char *before,
	 const char *after)
{
	g_autofree char *place = folder_page_place(view->path, view->question, before, after);

	page_attribute(page, name, "href", place);
}

/* In either order, the newer page precedes or follows by time, not by place. */
static void
link_pages(struct page *page, const struct folder_view *view)
{
	const GPtrArray *entries = view->list->entries;
	const struct folder_entry *first, *last, *newest, *oldest;

	if (entries->len == 0) {
		page_remove(page, "older");
		page_remove(page, "newer");
		return;
	}
	first = g_ptr_array_index(entries, 0);
	last = g_ptr_array_index(entries, entries->len - 1);
	newest = view->question->is_oldest_first ? last : first;
	oldest = view->question->is_oldest_first ? first : last;
	if (view->list->has_older)
		set_link(page, "older", view, oldest->id.text, NULL);
	else
		page_remove(page, "older");
	if (view->list->has_newer)
		set_link(page, "newer", view, NULL, newest->id.text);
	else
		page_remove(page, "newer");
}

/* The other order, from its beginning; and this page with all boxes ticked. */
static void
link_order(const struct request *request, struct page *page, const struct folder_view *view)
{
	const struct folder_question *question = view->question;
	const struct folder_question other = {.is_oldest_first = !question->is_oldest_first};
	g_autofree char *there = folder_page_place(view->path, &other, NULL, NULL);
	g_autofree char *here =
		folder_page_place(view->path, question, question->before, question->after);
	g_autofree char *all =
		g_strdup_printf("%s%cselect=all", here, strchr(here, '?') == NULL ? '?' : '&');

	page_attribute(page, "order", "href", there);
	page_text(page, "order",
		  request_say(request,
			      question->is_oldest_first ? N_("Newest first") : N_("Oldest first")));
	page_attribute(page, "select-all", "href", all);
}

/* "27 messages, 3 unread" */
char *
folder_page_count(const struct request *request, unsigned long all, unsigned long unread)
{
	g_autofree char *messages = g_strdup_printf(
		translate_plural(request->web.language, "%lu message", "%lu messages", all), all);
	g_autofree char *new_ones = g_strdup_printf(
		translate_plural(request->web.language, "%lu unread", "%lu unread", unread),
		unread);

	return unread == 0 ? g_steal_pointer(&messages)
			   : g_strconcat(messages, ", ", new_ones, NULL);
}

/* Links to the member's own folders, and where to move what was ticked. */
static void
offer_own(struct page *page, const GPtrArray *own, const char *here)
{
	for (guint i = 0; i < own->len; i++) {
		const struct own_folder *folder = g_ptr_array_index(own, i);
		g_autofree char *path = g_strconcat("/folder/", folder->id.text, NULL);

		page_repeat(page, "own-folder");
		page_text(page, "own-folder-link", folder->name);
		page_attribute(page, "own-folder-link", "href", path);
		if (here != NULL && strcmp(here, folder->id.text) == 0)
			page_attribute(page, "own-folder-link", "aria-current", "page");
	}
	page_repeat_end(page, "own-folder");
	/* An empty mailbox has nothing to be moved. */
	if (!page_has(page, "move-to"))
		return;
	for (guint i = 0; i < own->len; i++) {
		const struct own_folder *folder = g_ptr_array_index(own, i);

		page_option(page, "move-to", folder->id.text, folder->name);
	}
	page_repeat_end(page, "move-to");
}

/* What the form needs so that the same page is shown again after it. */
static void
fill_form(struct page *page, const struct folder_view *view)
{
	const struct folder_question *question = view->question;

	page_attribute(page, "selection", "action", view->path);
	page_attribute(page, "place-order", "value", question->is_oldest_first ? "oldest" : "");
	page_attribute(page, "place-before", "value", question->before);
	page_attribute(page, "place-after", "value", question->after);
	if (question->folder == FOLDER_SENT || question->folder == FOLDER_DRAFTS)
		page_remove(page, "marks");
	if (question->folder == FOLDER_DRAFTS)
		page_remove(page, "move");
}

enum MHD_Result
folder_page_show(struct request *request, const struct folder_view *view)
{
	g_autoptr(page_auto) page = answer_begin(request, "list.html");
	const GPtrArray *entries = view->list->entries;
	struct fault fault;
	g_autoptr(GPtrArray) own = own_folder_all(request->connection, &request->session, &fault);

	if (own == NULL)
		return answer_fault(request, &fault);
	page_text(page, "title", view->title);
	page_text(page, "count", view->count);
	fill_search(page, view->search);
	fill_form(page, view);
	offer_own(page, own, view->question->own);
	link_order(request, page, view);
	link_pages(page, view);
	for (guint i = 0; i < entries->len; i++)
		list_entry(request, page, view, own, g_ptr_array_index(entries, i));
	page_repeat_end(page, "entry");
	if (own->len == 0)
		page_remove(page, "move");
	page_choose(page, entries->len > 0, "selection", "none");
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
folder_page_show_all(struct request *request, const struct folder_view *view)
{
	g_auto(folder_list_auto) list = {0};
	g_autofree char *count = NULL;
	struct folder_view whole = *view;
	unsigned long all, unread;
	struct fault fault;

	if (!folder_list_read(request->connection, &request->session, view->question, &list,
			      &fault) ||
	    !folder_count(request->connection, &request->session, view->question,
			  request->portal->counts, &all, &unread, &fault))
		return answer_fault(request, &fault);
	count = folder_page_count(request, all, unread);
	whole.list = &list;
	whole.count = count;
	return folder_page_show(request, &whole);
}

/* --- folders --- */

static enum MHD_Result
show_folder(struct request *request, enum folder folder)
{
	const struct folder_question question =
		folder_page_question(request, folder, request_query);
	const struct folder_view view = {.title = request_say(request, folders[folder].title),
					 .path = folders[folder].path,
					 .question = &question};
	struct fault fault;

	if (!search_index_add(request->connection, &request->session, INDEXED_WITH_A_LIST, NULL,
			      &fault))
		return answer_fault(request, &fault);
	return folder_page_show_all(request, &view);
}

enum MHD_Result
folder_page_inbox(struct request *request)
{
	return show_folder(request, FOLDER_INBOX);
}

enum MHD_Result
folder_page_sent(struct request *request)
{
	return show_folder(request, FOLDER_SENT);
}

enum MHD_Result
folder_page_drafts(struct request *request)
{
	return show_folder(request, FOLDER_DRAFTS);
}

/* --- several at once --- */

static bool
mark_all(struct request *request, const GPtrArray *ticked, bool is_read, struct fault *fault)
{
	struct identifier id;

	if (!batch_begin(request->connection, fault))
		return false;
	for (guint i = 0; i < ticked->len; i++)
		if (identifier_parse(&id, g_ptr_array_index(ticked, i)) &&
		    !mailbox_mark(request->connection, &request->session, id.text, is_read, fault))
			return false;
	return batch_commit(request->connection, fault);
}

/* Into a folder of the member's own, or back out of it. */
static bool
move_all(struct request *request, const GPtrArray *ticked, struct fault *fault)
{
	struct identifier id, folder;
	bool is_own = identifier_parse(&folder, request_field(request, "folder"));

	if (!batch_begin(request->connection, fault))
		return false;
	for (guint i = 0; i < ticked->len; i++)
		if (identifier_parse(&id, g_ptr_array_index(ticked, i)) &&
		    !own_folder_file(request->connection, &request->session, id.text,
				     is_own ? folder.text : NULL, fault))
			return false;
	return batch_commit(request->connection, fault);
}

/* One that is gone meanwhile, or is not in this member's mailbox, is passed over. */
static bool
delete_all(struct request *request, const GPtrArray *ticked, struct fault *fault)
{
	const struct mailbox mailbox = item_mailbox(request);

	for (guint i = 0; i < ticked->len; i++) {
		g_auto(mailbox_item_auto) item = {0};
		bool found;

		if (!mailbox_find(&mailbox, g_ptr_array_index(ticked, i), &item, &found, fault) ||
		    (found && item.has_folder &&
		     !mailbox_delete(request->connection, request->portal->settings, &item, fault)))
			return false;
	}
	return true;
}

/* Each message as the file that other programs open, with its date in front of its name. */
static void
add_message(struct archive_stream *archive, const struct mailbox_item *item)
{
	gint64 at = item->layout->date != 0 ? item->layout->date : item->at;
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(at);
	g_autofree char *day = time == NULL ? g_strdup("") : g_date_time_format(time, "%Y-%m-%d ");
	g_autofree char *subject = layout_file_name(item->layout);
	g_autofree char *name = g_strconcat(day, subject, NULL);

	archive_add_message(archive, &item->content, name, at);
}

static bool
add_all(struct request *request, const GPtrArray *ticked, struct archive_stream *archive,
	struct fault *fault)
{
	static const struct mailbox_use as_original = {.part = MAILBOX_ORIGINAL};
	const struct mailbox mailbox = item_mailbox(request);

	for (guint i = 0; i < ticked->len; i++) {
		g_auto(mailbox_item_auto) item = {0};
		bool found;

		if (!mailbox_open(&mailbox, g_ptr_array_index(ticked, i), &as_original, &item,
				  &found, fault))
			return false;
		if (found)
			add_message(archive, &item);
	}
	return true;
}

static enum MHD_Result
answer_archive(struct request *request, const GPtrArray *ticked)
{
	struct archive_stream *archive = archive_new();
	struct MHD_Response *response;
	struct fault fault;

	if (!add_all(request, ticked, archive, &fault)) {
		archive_close(archive);
		return answer_fault(request, &fault);
	}
	response = archive_response(archive);
	web_make_download(response, "messages.zip");
	return answer_response(request, MHD_HTTP_OK, response);
}

/* A slip must not cost a message: what is chosen is deleted after a question. */
static enum MHD_Result
ask_to_delete(struct request *request, const char *path, const GPtrArray *ticked,
	      const struct folder_question *question)
{
	g_autoptr(page_auto) page = answer_begin(request, "delete.html");
	g_autofree char *back =
		folder_page_place(path, question, question->before, question->after);
	g_autofree char *count = folder_page_count(request, ticked->len, 0);

	page_text(page, "what", count);
	page_attribute(page, "delete", "action", path);
	page_attribute(page, "place-order", "value", question->is_oldest_first ? "oldest" : "");
	page_attribute(page, "place-before", "value", question->before);
	page_attribute(page, "place-after", "value", question->after);
	page_attribute(page, "back", "href", back);
	for (guint i = 0; i < ticked->len; i++) {
		g_autofree char *name =
			g_strconcat(ticked_prefix, g_ptr_array_index(ticked, i), NULL);

		page_repeat(page, "chosen");
		page_attribute(page, "chosen-box", "name", name);
	}
	page_repeat_end(page, "chosen");
	return answer_page(request, MHD_HTTP_OK, page);
}

/* At most as many as a page shows. */
static GPtrArray *
ticked_of(const struct request *request)
{
	GPtrArray *ticked = form_names(&request->web.form, ticked_prefix);

	if (ticked->len > FOLDER_PAGE)
		g_ptr_array_set_size(ticked, FOLDER_PAGE);
	return ticked;
}

enum MHD_Result
folder_page_act(struct request *request, const char *path)
{
	const struct folder_question question =
		folder_page_question(request, FOLDERS, request_field);
	g_autofree char *place =
		folder_page_place(path, &question, question.before, question.after);
	const char *action = request_field(request, "action");
	g_autoptr(GPtrArray) ticked = ticked_of(request);
	struct fault fault;
	bool done = true;

	if (ticked->len > 0 && strcmp(action, "download") == 0)
		return answer_archive(request, ticked);
	if (ticked->len > 0 && strcmp(action, "delete") == 0)
		return ask_to_delete(request, path, ticked, &question);
	if (strcmp(action, "read") == 0 || strcmp(action, "unread") == 0)
		done = mark_all(request, ticked, strcmp(action, "read") == 0, &fault);
	else if (strcmp(action, "delete-now") == 0)
		done = delete_all(request, ticked, &fault);
	else if (strcmp(action, "move") == 0)
		done = move_all(request, ticked, &fault);
	folder_page_changed(request);
	return done ? answer_see(request, place) : answer_fault(request, &fault);
}

enum MHD_Result
folder_page_act_on_inbox(struct request *request)
{
	return folder_page_act(request, folders[FOLDER_INBOX].path);
}

enum MHD_Result
folder_page_act_on_sent(struct request *request)
{
	return folder_page_act(request, folders[FOLDER_SENT].path);
}

enum MHD_Result
folder_page_act_on_drafts(struct request *request)
{
	return folder_page_act(request, folders[FOLDER_DRAFTS].path);
}

enum MHD_Result
folder_page_mark_unread(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	enum MHD_Result answered;
	struct fault fault;

	if (!item_find(request, request->web.tail, &item, &answered))
		return answered;
	if (!item.has_folder || item.folder != FOLDER_INBOX)
		return answer_not_found(request);
	if (!batch_begin(request->connection, &fault) ||
	    !mailbox_mark(request->connection, &request->session, item.id.text, false, &fault) ||
	    !batch_commit(request->connection, &fault))
		return answer_fault(request, &fault);
	folder_page_changed(request);
	return answer_see(request, folders[FOLDER_INBOX].path);
}
