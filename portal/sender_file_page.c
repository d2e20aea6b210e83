#include "portal/sender_file_page.h"

#include <string.h>

#include "core/address.h"
#include "portal/answer.h"
#include "portal/sender_file.h"

/* The name that its sender gave it, or its number; caller frees. */
static char *
name_of(const struct request *request, const struct sender_file *file)
{
	return file->name != NULL ? g_strdup(file->name)
				  : g_strdup_printf(request_say(request, "File %u"), file->number);
}

/* --- the list, and the form --- */

static void
show_file(const struct request *request, struct page *page, const struct sender_file *file,
	  bool is_open)
{
	g_autofree char *name = name_of(request, file);
	g_autofree char *when = request_date(request, file->added_at);
	g_autofree char *size = request_size(request, file->size);

	page_repeat(page, "file");
	page_text(page, "file-name", name);
	page_text(page, "file-when", when);
	page_text(page, "file-size", size);
	page_attribute(page, "file-id", "value", file->id.text);
	if (!file->is_read)
		page_remove(page, "file-state");
	if (file->is_read || !is_open)
		page_remove(page, "file-remove");
}

static void
show_files(const struct request *request, struct page *page, const GPtrArray *files, bool is_open)
{
	bool has_names = true;

	for (guint i = 0; i < files->len; i++) {
		const struct sender_file *file = g_ptr_array_index(files, i);

		show_file(request, page, file, is_open);
		has_names = has_names && file->name != NULL;
	}
	page_repeat_end(page, "file");
	if (has_names)
		page_remove(page, "file-names");
	if (files->len == 0)
		page_remove(page, "file-list");
}

static void
show_form(const struct request *request, const struct tracked *tracked, struct page *page)
{
	g_autofree char *place = g_strconcat("/track-file/", tracked->secret, NULL);
	g_autofree char *size = request_size(request, request->portal->settings->portal_upload);
	g_autofree char *hint = g_strdup_printf(request_say(request, "Up to %s at once."), size);

	page_attribute(page, "file-form", "action", place);
	page_text(page, "file-limit", hint);
}

bool
sender_file_page_fill(struct request *request, const struct tracked *tracked, struct page *page,
		      struct fault *fault)
{
	g_autoptr(GPtrArray) files = NULL;
	bool is_open, can_add;

	/* An organisation's own page may be older than this. */
	if (!page_has(page, "files"))
		return true;
	if (!sender_file_is_open(request->connection, tracked, &is_open, fault))
		return false;
	files = sender_file_list(request->connection, tracked, fault);
	if (files == NULL)
		return false;
	can_add = is_open && request->portal->settings->pickup_files;
	if (files->len == 0 && !can_add) {
		page_remove(page, "files");
		return true;
	}
	show_files(request, page, files, is_open);
	if (can_add && files->len < SENDER_FILES_MAX)
		show_form(request, tracked, page);
	else
		page_remove(page, "file-form");
	return true;
}

/* --- taking out --- */

static enum MHD_Result
see(struct request *request, const struct tracked *tracked, const char *done)
{
	g_autofree char *place = g_strconcat("/track/", tracked->secret, "?done=", done, NULL);

	return answer_see(request, place);
}

static enum MHD_Result
ask(struct request *request, const struct tracked *tracked, const struct sender_file *file)
{
	g_autoptr(page_auto) page = answer_begin(request, "takeout.html");
	g_autofree char *name = name_of(request, file);
	g_autofree char *size = request_size(request, file->size);
	g_autofree char *place = g_strconcat("/track/", tracked->secret, NULL);

	page_text(page, "file-name", name);
	page_text(page, "file-size", size);
	page_attribute(page, "file-id", "value", file->id.text);
	page_attribute(page, "take-out", "action", place);
	page_attribute(page, "back", "href", place);
	return answer_page(request, MHD_HTTP_OK, page);
}

enum MHD_Result
sender_file_page_ask(struct request *request, const struct tracked *tracked)
{
	const char *id = request_field(request, "file");
	g_autoptr(GPtrArray) files = NULL;
	struct fault fault;
	bool is_open;

	if (!sender_file_is_open(request->connection, tracked, &is_open, &fault))
		return answer_fault(request, &fault);
	files = sender_file_list(request->connection, tracked, &fault);
	if (files == NULL)
		return answer_fault(request, &fault);
	for (guint i = 0; i < files->len && is_open; i++) {
		const struct sender_file *file = g_ptr_array_index(files, i);

		if (strcmp(file->id.text, id) == 0 && !file->is_read)
			return ask(request, tracked, file);
	}
	return see(request, tracked, "kept");
}

enum MHD_Result
sender_file_page_remove(struct request *request, const struct tracked *tracked)
{
	struct fault fault;
	bool done;

	if (!sender_file_remove(request, tracked, request_field(request, "file"), &done, &fault))
		return answer_fault(request, &fault);
	return see(request, tracked, done ? "taken-out" : "kept");
}

/* --- adding --- */

char *
sender_file_page_uploader(struct request *request)
{
	g_auto(tracked_auto) tracked = {0};
	struct fault fault; /* reported again when the form is served */
	bool found = false;

	if (!request->portal->settings->pickup_files ||
	    !tracked_find(request, &tracked, &found, &fault) || !found ||
	    !sender_file_is_open(request->connection, &tracked, &found, &fault) || !found)
		return NULL;
	return address_fold(tracked.sender);
}

/* One after the other: those that were added stay, whatever comes of the next. */
static enum sender_file_outcome
add_all(struct request *request, const struct tracked *tracked, struct fault *fault)
{
	const GPtrArray *uploads = request->web.form.uploads;
	enum sender_file_outcome outcome = SENDER_FILE_EMPTY;

	for (guint i = 0; i < uploads->len; i++) {
		outcome = sender_file_add(request, tracked, g_ptr_array_index(uploads, i), fault);
		if (outcome != SENDER_FILE_ADDED)
			break;
	}
	return outcome;
}

enum MHD_Result
sender_file_page_add(struct request *request)
{
	static const char *const done[] = {[SENDER_FILE_ADDED] = "added",
					   [SENDER_FILE_CLOSED] = "closed",
					   [SENDER_FILE_FULL] = "full",
					   [SENDER_FILE_EMPTY] = "empty",
					   [SENDER_FILE_TOO_LARGE] = "others"};
	g_auto(tracked_auto) tracked = {0};
	enum sender_file_outcome outcome;
	struct fault fault;
	bool found;

	if (!tracked_find(request, &tracked, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return answer_not_found(request);
	if (!request->portal->settings->pickup_files ||
	    !sender_file_is_open(request->connection, &tracked, &found, &fault) || !found)
		return see(request, &tracked, done[SENDER_FILE_CLOSED]);
	if (request->web.form.has_dropped)
		return answer_refusal(request, REFUSED_FILES);
	outcome = add_all(request, &tracked, &fault);
	return outcome == SENDER_FILE_FAILED ? answer_fault(request, &fault)
					     : see(request, &tracked, done[outcome]);
}
