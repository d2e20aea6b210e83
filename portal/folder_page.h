/* The pages with the lists of messages, and what can be done with several messages at once. */
#ifndef POSTSEAL_PORTAL_FOLDER_PAGE_H
#define POSTSEAL_PORTAL_FOLDER_PAGE_H

#include "portal/folder.h"
#include "portal/request.h"
#include "portal/search.h"

serve_request folder_page_inbox, folder_page_sent, folder_page_drafts;
/* With the messages that were ticked: marked as read or unread, deleted, downloaded as one zip
 * archive. */
serve_request folder_page_act_on_inbox, folder_page_act_on_sent, folder_page_act_on_drafts;
/* From the page of a message. */
serve_request folder_page_mark_unread;

const char *folder_path(enum folder folder); /* "/inbox" */
/* Call after the member's folders have changed: their messages are counted anew. */
void folder_page_changed(const struct request *request);

/* --- for other lists --- */

/* What a page with a list shows. */
struct folder_view {
	const char *title;
	const char *count; /* "3 messages" */
	const char *path;  /* of the page, without a query; its form is sent to the same */
	const struct folder_question *question;
	const struct folder_list *list;
	const struct search *search; /* what was looked for, or NULL */
};
enum MHD_Result folder_page_show(struct request *request, const struct folder_view *view);
/* Reads `list` and `count` of a folder before. */
enum MHD_Result folder_page_show_all(struct request *request, const struct folder_view *view);
enum MHD_Result folder_page_act(struct request *request, const char *path);

/* From the query, or from the form. */
typedef const char *folder_page_field(const struct request *request, const char *name);
struct folder_question folder_page_question(const struct request *request, enum folder folder,
					    folder_page_field *get);
/* A link to the list, before or after a message; both may be NULL. Caller frees. */
char *folder_page_place(const char *path, const struct folder_question *question,
			const char *before, const char *after);
/* "27 messages, 3 unread"; caller frees. */
char *folder_page_count(const struct request *request, unsigned long all, unsigned long unread);

#endif
