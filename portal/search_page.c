#include "portal/search_page.h"

#include "portal/answer.h"
#include "portal/folder_page.h"
#include "portal/search.h"

static char *
path_of(const struct request *request)
{
	return g_strconcat("/search/", request->web.tail, NULL);
}

enum MHD_Result
search_page_begin(struct request *request)
{
	g_auto(search_auto) search =
		search_new(request_field(request, "words"), request_field(request, "since"),
			   request_field(request, "until"));
	g_autofree char *token = search_seal(&search, &request->session);
	g_autofree char *place = g_strconcat("/search/", token, NULL);

	return answer_see(request, place);
}

static enum MHD_Result
show_found(struct request *request, const struct search *search, const GArray *found)
{
	const struct folder_question question =
		folder_page_question(request, FOLDERS, request_query);
	g_autofree char *count = folder_page_count(request, found->len, 0);
	g_autofree char *path = path_of(request);
	g_auto(folder_list_auto) list = {0};
	const struct folder_view view = {.title = request_say(request, "Search"),
					 .count = count,
					 .path = path,
					 .question = &question,
					 .list = &list,
					 .search = search};
	struct fault fault;

	if (!folder_list_these(request->connection, &request->session, found, &question, &list,
			       &fault))
		return answer_fault(request, &fault);
	return folder_page_show(request, &view);
}

enum MHD_Result
search_page_show(struct request *request)
{
	g_auto(search_auto) search = {0};
	g_autoptr(GArray) found = NULL;
	struct fault fault;

	if (!search_unseal(&search, request->web.tail, &request->session))
		return answer_not_found(request);
	found = search_run(request->connection, &request->session, &search, &fault);
	return found == NULL ? answer_fault(request, &fault) : show_found(request, &search, found);
}

enum MHD_Result
search_page_act(struct request *request)
{
	g_auto(search_auto) search = {0};
	g_autofree char *path = path_of(request);

	if (!search_unseal(&search, request->web.tail, &request->session))
		return answer_not_found(request);
	return folder_page_act(request, path);
}
