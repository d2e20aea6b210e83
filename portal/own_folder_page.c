#include "portal/own_folder_page.h"

#include <string.h>

#include "portal/answer.h"
#include "portal/folder_page.h"
#include "portal/own_folder.h"

/* --- the list of one --- */

static enum MHD_Result
show(struct request *request, const struct own_folder *folder)
{
	struct folder_question question = folder_page_question(request, FOLDERS, request_query);
	g_autofree char *path = g_strconcat("/folder/", folder->id.text, NULL);
	const struct folder_view view = {
		.title = folder->name, .path = path, .question = &question};

	question.own = folder->id.text;
	return folder_page_show_all(request, &view);
}

enum MHD_Result
own_folder_page_show(struct request *request)
{
	struct fault fault;
	g_autoptr(GPtrArray) folders =
		own_folder_all(request->connection, &request->session, &fault);
	const struct own_folder *folder;

	if (folders == NULL)
		return answer_fault(request, &fault);
	folder = own_folder_find(folders, request->web.tail);
	return folder == NULL ? answer_not_found(request) : show(request, folder);
}

enum MHD_Result
own_folder_page_act(struct request *request)
{
	struct fault fault;
	g_autoptr(GPtrArray) folders =
		own_folder_all(request->connection, &request->session, &fault);
	g_autofree char *path = NULL;

	if (folders == NULL)
		return answer_fault(request, &fault);
	if (own_folder_find(folders, request->web.tail) == NULL)
		return answer_not_found(request);
	path = g_strconcat("/folder/", request->web.tail, NULL);
	return folder_page_act(request, path);
}

/* --- all of them --- */

static void
list_folder(struct page *page, const struct own_folder *folder)
{
	g_autofree char *path = g_strconcat("/folder/", folder->id.text, NULL);
	g_autofree char *field = g_strconcat("name-", folder->id.text, NULL);

	page_repeat(page, "folder");
	page_text(page, "folder-link", folder->name);
	page_attribute(page, "folder-link", "href", path);
	page_attribute(page, "folder-id", "value", folder->id.text);
	page_attribute(page, "folder-name", "value", folder->name);
	page_attribute(page, "folder-name", "id", field);
	page_attribute(page, "folder-label", "for", field);
}

/* `wrong` is a sentence, or NULL; `name` is what was typed for a new folder. */
static enum MHD_Result
show_all(struct request *request, unsigned status, const char *wrong, const char *name)
{
	struct fault fault;
	g_autoptr(GPtrArray) folders =
		own_folder_all(request->connection, &request->session, &fault);
	g_autoptr(page_auto) page = NULL;

	if (folders == NULL)
		return answer_fault(request, &fault);
	page = answer_begin(request, "folders.html");
	answer_wrong(page, wrong,
		     strcmp(request_field(request, "action"), "rename") == 0 ? "" : "new-name");
	page_attribute(page, "new-name", "value", name);
	for (guint i = 0; i < folders->len; i++)
		list_folder(page, g_ptr_array_index(folders, i));
	page_repeat_end(page, "folder");
	page_choose(page, folders->len > 0, "folders", "none");
	return answer_page(request, status, page);
}

enum MHD_Result
own_folder_page_manage(struct request *request)
{
	return show_all(request, MHD_HTTP_OK, NULL, "");
}

static enum MHD_Result
create(struct request *request, const char *name)
{
	struct fault fault;
	bool has_room;

	if (!own_folder_create(request->connection, &request->session, name, &has_room, &fault))
		return answer_fault(request, &fault);
	if (has_room)
		return answer_see(request, "/folders");
	return show_all(request, MHD_HTTP_BAD_REQUEST,
			request_say(request, "There is no room for more folders. Please delete one "
					     "first."),
			name);
}

enum MHD_Result
own_folder_page_change(struct request *request)
{
	const char *action = request_field(request, "action"), *id = request_field(request, "id");
	g_autofree char *name = own_folder_name(request_field(request, "name"));
	struct fault fault;
	bool done;

	if (strcmp(action, "delete") != 0 && *name == '\0')
		return show_all(request, MHD_HTTP_BAD_REQUEST,
				request_say(request, "Please enter a name for the folder."), "");
	if (strcmp(action, "create") == 0)
		return create(request, name);
	if (strcmp(action, "delete") == 0)
		done = own_folder_delete(request->connection, &request->session, id, &fault);
	else
		done = own_folder_rename(request->connection, &request->session, id, name, &fault);
	folder_page_changed(request);
	return done ? answer_see(request, "/folders") : answer_fault(request, &fault);
}
