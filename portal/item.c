#include "portal/item.h"

#include <string.h>

#include "core/log.h"
#include "mail/html.h"
#include "portal/answer.h"

struct mailbox
item_mailbox(const struct request *request)
{
	const struct portal *portal = request->portal;

	return (struct mailbox){portal->database, portal->settings, &portal->spool,
				&request->session};
}

typedef bool mailbox_look(const struct mailbox *mailbox, const char *id,
			  struct mailbox_item *item_r, bool *found_r, struct fault *fault);

static bool
look(struct request *request, mailbox_look *how, const char *id, struct mailbox_item *item_r,
     enum MHD_Result *answered_r)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct fault fault;
	bool found;

	if (!how(&mailbox, id, item_r, &found, &fault))
		*answered_r = answer_fault(request, &fault);
	else if (!found)
		*answered_r = answer_not_found(request);
	else
		return true;
	return false;
}

bool
item_open(struct request *request, const char *id, struct mailbox_item *item_r,
	  enum MHD_Result *answered_r)
{
	return look(request, mailbox_open, id, item_r, answered_r);
}

bool
item_find(struct request *request, const char *id, struct mailbox_item *item_r,
	  enum MHD_Result *answered_r)
{
	return look(request, mailbox_find, id, item_r, answered_r);
}

/* Where the reader gives up, the message can still be downloaded. */
static char *
text_of_html(const struct request *request, const char *html)
{
	struct fault fault;
	char *text = html_text(request->portal->reader, html, strlen(html), &fault);

	if (text != NULL)
		return text;
	log_error("%s: %s", request->route->path, fault.text);
	return g_strdup(request_say(request, "[This message has no text that can be shown here. "
					     "Please download it to read it.]"));
}

char *
item_further_text(const struct mailbox_item *item, size_t max, bool *cut_r, struct fault *fault)
{
	const GPtrArray *further = item->layout->further;
	g_autoptr(GString) whole = g_string_new(NULL);

	*cut_r = false;
	for (guint i = 0; i < further->len && !*cut_r; i++) {
		g_autofree char *text = content_text(&item->content, g_ptr_array_index(further, i),
						     max - MIN(max, whole->len), cut_r, fault);

		if (text == NULL)
			return NULL;
		g_string_append_printf(whole, "%s%s", whole->len > 0 ? "\n" : "", text);
	}
	return g_strdup(whole->str);
}

/* The body without what follows it. */
static char *
body_text(const struct request *request, const struct mailbox_item *item, size_t max, bool *cut_r,
	  struct fault *fault)
{
	const struct layout *layout = item->layout;
	g_autofree char *text = NULL;

	*cut_r = false;
	if (layout->text == NULL && layout->html == NULL)
		return g_strdup("");
	text = content_text(&item->content, layout->text != NULL ? layout->text : layout->html, max,
			    cut_r, fault);
	if (text == NULL || layout->text != NULL)
		return g_steal_pointer(&text);
	return text_of_html(request, text);
}

char *
item_text(const struct request *request, const struct mailbox_item *item, size_t max, bool *cut_r,
	  struct fault *fault)
{
	g_autofree char *body = body_text(request, item, max, cut_r, fault);
	g_autofree char *further = NULL;

	if (body == NULL || *cut_r || item->layout->further->len == 0)
		return g_steal_pointer(&body);
	further = item_further_text(item, max - MIN(max, strlen(body)), cut_r, fault);
	return further == NULL ? NULL : g_strconcat(body, "\n", further, NULL);
}
