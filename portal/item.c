#include "portal/item.h"

#include <string.h>

#include "core/log.h"
#include "core/reader/protocol.h"
#include "mail/html.h"
#include "portal/answer.h"
#include "portal/unlock.h"

/* Bytes; in UTF-8 it is no more than the reader takes. */
enum { HTML_SOURCE_MAX = READER_DOCUMENT_MAX / 4 };

struct mailbox
item_mailbox(const struct request *request)
{
	const struct portal *portal = request->portal;

	return (struct mailbox){portal->database, portal->settings,  &portal->spool,
				portal->reader,	  &request->session, request->web.network};
}

/* A member who comes too late from the mail about a message is told what became of it. */
static enum MHD_Result
answer_missing(struct request *request, const char *text)
{
	const struct session *session = &request->session;
	enum parcel_gone gone = PARCEL_NOT_GONE;
	struct identifier id;
	struct fault fault;

	if (session->state == SESSION_MEMBER && identifier_parse(&id, text) &&
	    !parcel_find_gone_key(request->connection, id.text, session->account.id.text, &gone,
				  &fault))
		return answer_fault(request, &fault);
	return gone == PARCEL_NOT_GONE ? answer_not_found(request)
				       : unlock_show_gone(request, gone);
}

/* Turns the outcome of a look into the mailbox into an answer. */
static bool
judge(struct request *request, const char *id, bool good, bool found, const struct fault *fault,
      enum MHD_Result *answered_r)
{
	if (!good)
		*answered_r = answer_fault(request, fault);
	else if (!found)
		*answered_r = answer_missing(request, id);
	return good && found;
}

bool
item_open(struct request *request, const char *id, const struct mailbox_use *use,
	  struct mailbox_item *item_r, enum MHD_Result *answered_r)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct fault fault;
	bool found, good = mailbox_open(&mailbox, id, use, item_r, &found, &fault);

	return judge(request, id, good, found, &fault, answered_r);
}

bool
item_find(struct request *request, const char *id, struct mailbox_item *item_r,
	  enum MHD_Result *answered_r)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct fault fault;
	bool found, good = mailbox_find(&mailbox, id, item_r, &found, &fault);

	return judge(request, id, good, found, &fault, answered_r);
}

/* If the reader cannot handle the HTML, the message can still be downloaded. */
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

/* Before the character that does not fit as a whole. */
static void
cut(char *text, size_t max, bool *cut_r)
{
	if (strlen(text) <= max)
		return;
	while (max > 0 && (text[max] & 0xc0) == 0x80)
		max--;
	text[max] = '\0';
	*cut_r = true;
}

/* What HTML says is often a small part of it: the limit is for the text. */
static char *
part_text(const struct request *request, const struct mailbox_item *item,
	  const struct layout_part *part, size_t max, bool *cut_r, struct fault *fault)
{
	const bool is_html = layout_is_html(part);
	g_autofree char *source =
		content_text(&item->content, part, is_html ? HTML_SOURCE_MAX : max, cut_r, fault);
	char *text;

	if (source == NULL || !is_html)
		return g_steal_pointer(&source);
	text = text_of_html(request, source);
	cut(text, max, cut_r);
	return text;
}

char *
item_text(const struct request *request, const struct mailbox_item *item,
	  const struct layout *layout, size_t max, bool *cut_r, struct fault *fault)
{
	g_autoptr(GString) whole = g_string_new(NULL);
	const struct layout_part *part;

	*cut_r = false;
	for (guint i = 0; !*cut_r && (part = layout_shown(layout, LAYOUT_IN_TEXT, i)) != NULL;
	     i++) {
		g_autofree char *text =
			part_text(request, item, part, max - MIN(max, whole->len), cut_r, fault);

		if (text == NULL)
			return NULL;
		g_string_append_printf(whole, "%s%s", i > 0 ? "\n" : "", text);
	}
	return g_strdup(whole->str);
}

const char *
item_cut_note(const struct request *request)
{
	return request_say(request, "[The text is too long to be shown in full. Download the "
				    "message to read all of it.]");
}
