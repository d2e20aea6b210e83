#include "portal/folder_page.h"

#include <string.h>

#include "audit/state.h"
#include "core/catalogue.h"
#include "core/log.h"
#include "portal/answer.h"
#include "portal/archive.h"
#include "portal/folder.h"
#include "portal/item.h"

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

static const char *
or_else(const char *text, const char *otherwise)
{
	return text == NULL || *text == '\0' ? otherwise : text;
}

/* --- where a list begins, and in which order --- */

/* The fields of a question as a query, without what is empty; `before` and `after` may be NULL. */
static char *
place_of(const struct folder_question *question, const char *before, const char *after)
{
	const struct {
		const char *name, *value;
	} fields[] = {{"order", question->is_oldest_first ? "oldest" : ""},
		      {"sender", question->sender},
		      {"since", question->since},
		      {"until", question->until},
		      {"before", or_else(before, "")},
		      {"after", or_else(after, "")}};
	g_autoptr(GString) place = g_string_new(folders[question->folder].path);
	char separator = '?';

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (*fields[i].value == '\0')
			continue;
		g_string_append_printf(place, "%c%s=", separator, fields[i].name);
		g_string_append_uri_escaped(place, fields[i].value, NULL, FALSE);
		separator = '&';
	}
	return g_strdup(place->str);
}

typedef const char *get_field(const struct request *request, const char *name);

/* Only what may stand in a link again. */
static const char *
identifier_or_none(const char *text)
{
	struct identifier id;

	return identifier_parse(&id, text) ? text : "";
}

static const char *
short_or_none(const char *text)
{
	enum { LINK_BYTES = 1000 };

	return strlen(text) <= LINK_BYTES ? text : "";
}

static struct folder_question
question_of(const struct request *request, enum folder folder, get_field *get)
{
	return (struct folder_question){.folder = folder,
					.is_oldest_first =
						strcmp(get(request, "order"), "oldest") == 0,
					.sender = short_or_none(get(request, "sender")),
					.since = short_or_none(get(request, "since")),
					.until = short_or_none(get(request, "until")),
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

static void
list_entry(const struct request *request, struct page *page, enum folder folder,
	   const struct folder_entry *entry)
{
	g_autofree char *when = request_date(request, entry->at);
	g_autofree char *states = states_shown(request, entry->states);
	g_autofree char *place = g_strconcat(folder == FOLDER_DRAFTS ? "/draft/" : "/message/",
					     entry->id.text, NULL);
	const char *who = folder == FOLDER_INBOX ? or_else(entry->from, entry->sender)
						 : or_else(entry->to, "");

	page_repeat(page, "entry");
	fill_box(request, page, entry);
	page_attribute(page, "entry-link", "href", place);
	page_text(page, "entry-subject",
		  or_else(entry->subject, request_say(request, "(no subject)")));
	page_text(page, "entry-who", who);
	page_text(page, "entry-when", when);
	if (folder == FOLDER_INBOX && entry->is_unread)
		page_attribute(page, "entry-link", "class", "new");
	else
		page_remove(page, "entry-unread");
	if (*entry->states == '\0')
		page_remove(page, "entry-states");
	else
		page_text(page, "entry-states", states);
}

static void
fill_search(struct page *page, const struct folder_question *question)
{
	page_attribute(page, "search", "action", folders[question->folder].path);
	page_attribute(page, "search-sender", "value", question->sender);
	page_attribute(page, "search-since", "value", question->since);
	page_attribute(page, "search-until", "value", question->until);
	if (*question->sender != '\0' || *question->since != '\0' || *question->until != '\0')
		page_attribute(page, "search-box", "open", "open");
}

static void
set_link(struct page *page, const char *name, const struct folder_question *question,
	 const char *before, const char *after)
{
	g_autofree char *place = place_of(question, before, after);

	page_attribute(page, name, "href", place);
}

/* In either order, the newer page precedes or follows by time, not by place. */
static void
link_pages(struct page *page, const struct folder_question *question,
	   const struct folder_list *list)
{
	const GPtrArray *entries = list->entries;
	const struct folder_entry *first, *last, *newest, *oldest;

	if (entries->len == 0) {
		page_remove(page, "older");
		page_remove(page, "newer");
		return;
	}
	first = g_ptr_array_index(entries, 0);
	last = g_ptr_array_index(entries, entries->len - 1);
	newest = question->is_oldest_first ? last : first;
	oldest = question->is_oldest_first ? first : last;
	if (list->has_older)
		set_link(page, "older", question, oldest->id.text, NULL);
	else
		page_remove(page, "older");
	if (list->has_newer)
		set_link(page, "newer", question, NULL, newest->id.text);
	else
		page_remove(page, "newer");
}

/* The other order, from its beginning; and this page with all boxes ticked. */
static void
link_order(const struct request *request, struct page *page, const struct folder_question *question)
{
	struct folder_question other = *question;
	g_autofree char *here = place_of(question, question->before, question->after);
	g_autofree char *all =
		g_strdup_printf("%s%cselect=all", here, strchr(here, '?') == NULL ? '?' : '&');

	other.is_oldest_first = !question->is_oldest_first;
	set_link(page, "order", &other, NULL, NULL);
	page_text(page, "order",
		  request_say(request,
			      question->is_oldest_first ? N_("Newest first") : N_("Oldest first")));
	page_attribute(page, "select-all", "href", all);
}

/* "27 messages, 3 unread" */
static bool
fill_count(struct request *request, struct page *page, enum folder folder, struct fault *fault)
{
	const char *language = request->web.language;
	unsigned long all, unread;
	g_autofree char *messages = NULL, *new_ones = NULL, *text = NULL;

	if (!folder_count(request->connection, &request->session, folder, &all, &unread, fault))
		return false;
	messages = g_strdup_printf(translate_plural(language, "%lu message", "%lu messages", all),
				   all);
	new_ones = g_strdup_printf(request_say(request, "%lu unread"), unread);
	text = folder == FOLDER_INBOX && unread > 0 ? g_strconcat(messages, ", ", new_ones, NULL)
						    : g_strdup(messages);
	page_text(page, "count", text);
	return true;
}

/* What the form needs so that the same page is shown again after it. */
static void
fill_form(struct page *page, const struct folder_question *question)
{
	page_attribute(page, "selection", "action", folders[question->folder].path);
	page_attribute(page, "place-order", "value", question->is_oldest_first ? "oldest" : "");
	page_attribute(page, "place-sender", "value", question->sender);
	page_attribute(page, "place-since", "value", question->since);
	page_attribute(page, "place-until", "value", question->until);
	page_attribute(page, "place-before", "value", question->before);
	page_attribute(page, "place-after", "value", question->after);
	if (question->folder != FOLDER_INBOX)
		page_remove(page, "marks");
}

static enum MHD_Result
show_folder(struct request *request, enum folder folder)
{
	const struct folder_question question = question_of(request, folder, request_query);
	g_auto(folder_list_auto) list = {0};
	g_autoptr(page_auto) page = NULL;
	struct fault fault;

	if (!folder_list_read(request->connection, &request->session, &question, &list, &fault))
		return answer_fault(request, &fault);
	page = answer_begin(request, "list.html");
	page_text(page, "title", request_say(request, folders[folder].title));
	if (!fill_count(request, page, folder, &fault))
		return answer_fault(request, &fault);
	fill_search(page, &question);
	fill_form(page, &question);
	link_order(request, page, &question);
	link_pages(page, &question, &list);
	for (guint i = 0; i < list.entries->len; i++)
		list_entry(request, page, folder, g_ptr_array_index(list.entries, i));
	page_repeat_end(page, "entry");
	page_choose(page, list.entries->len > 0, "selection", "none");
	return answer_page(request, MHD_HTTP_OK, page);
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

/* At most as many as a page shows. */
static GPtrArray *
ticked_of(const struct request *request)
{
	GPtrArray *ticked = form_names(&request->web.form, ticked_prefix);

	if (ticked->len > FOLDER_PAGE)
		g_ptr_array_set_size(ticked, FOLDER_PAGE);
	return ticked;
}

static enum MHD_Result
act(struct request *request, enum folder folder)
{
	const struct folder_question question = question_of(request, folder, request_field);
	g_autofree char *place = place_of(&question, question.before, question.after);
	const char *action = request_field(request, "action");
	g_autoptr(GPtrArray) ticked = ticked_of(request);
	struct fault fault;
	bool done = true;

	if (ticked->len > 0 && strcmp(action, "download") == 0)
		return answer_archive(request, ticked);
	if (strcmp(action, "read") == 0 || strcmp(action, "unread") == 0)
		done = mark_all(request, ticked, strcmp(action, "read") == 0, &fault);
	else if (strcmp(action, "delete") == 0)
		done = delete_all(request, ticked, &fault);
	return done ? answer_see(request, place) : answer_fault(request, &fault);
}

enum MHD_Result
folder_page_act_on_inbox(struct request *request)
{
	return act(request, FOLDER_INBOX);
}

enum MHD_Result
folder_page_act_on_sent(struct request *request)
{
	return act(request, FOLDER_SENT);
}

enum MHD_Result
folder_page_act_on_drafts(struct request *request)
{
	return act(request, FOLDER_DRAFTS);
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
	return answer_see(request, folders[FOLDER_INBOX].path);
}
