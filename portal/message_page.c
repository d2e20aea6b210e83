#include "portal/message_page.h"

#include <string.h>

#include "portal/added_file.h"
#include "portal/answer.h"
#include "portal/invitation_card.h"
#include "portal/item.h"
#include "portal/large_download.h"
#include "portal/preview.h"
#include "portal/prose_view.h"

enum {
	TEXT_MAX = 1024 * 1024, /* bytes of text on a page */
	UNFOLDED_MAX = 20,	/* attached messages that are shown on the page */
	PLACE_MAX = 64,
	PREVIEWS_MAX = 20, /* each one is work for postseal-reader */
};

static const char *
or_else(const char *text, const char *otherwise)
{
	return text == NULL || *text == '\0' ? otherwise : text;
}

/* With a note if the text is longer than a page can show. */
static char *
text_of(const struct request *request, const struct mailbox_item *item, struct fault *fault)
{
	bool cut;
	g_autofree char *text = item_text(request, item, item->layout, TEXT_MAX, &cut, fault);

	if (text == NULL || !cut)
		return g_steal_pointer(&text);
	return g_strconcat(text, "\n\n", item_cut_note(request), NULL);
}

/* --- attachments --- */

struct listing {
	const struct request *request;
	struct page *page;
	const struct mailbox_item *item;
	guint previews;
};

/* What belongs to an attached message says so. */
static void
say_within(const struct listing *listing, const char *path)
{
	const char *dot = strrchr(path, '.');
	g_autofree char *outer = dot == NULL ? NULL : g_strndup(path, (gsize)(dot - path));
	g_autofree char *said = NULL;

	if (outer == NULL) {
		page_remove(listing->page, "attachment-within");
		return;
	}
	said = g_strdup_printf(request_say(listing->request, "in %s"),
			       layout_attachment(listing->item->layout, outer)->name);
	page_text(listing->page, "attachment-within", said);
}

/* A link to the part, as its name is. */
static void
show_preview(struct listing *listing, const char *path, const struct layout_part *part)
{
	struct page *page = listing->page;
	g_autofree char *place = NULL, *picture = NULL, *text = NULL;

	if (!preview_is_offered(part) || listing->previews >= PREVIEWS_MAX) {
		page_remove(page, "attachment-preview");
		return;
	}
	listing->previews++;
	place = g_strdup_printf("/attachment/%s/%s", listing->item->id.text, path);
	picture = g_strdup_printf("/preview/%s/%s", listing->item->id.text, path);
	text = g_strdup_printf(request_say(listing->request, "Preview of %s"), part->name);
	page_attribute(page, "attachment-preview", "href", place);
	page_attribute(page, "attachment-picture", "src", picture);
	page_attribute(page, "attachment-picture", "alt", text);
}

static void
list_attachment(void *visitor, const char *path, const struct layout_part *part)
{
	struct listing *listing = visitor;
	g_autofree char *place = g_strdup_printf("/attachment/%s/%s", listing->item->id.text, path);
	g_autofree char *size = request_size(listing->request, layout_size(part));
	struct page *page = listing->page;

	page_repeat(page, "attachment");
	page_text(page, "attachment-link", part->name);
	page_attribute(page, "attachment-link", "href", place);
	page_attribute(page, "attachment-link", "download", part->name);
	page_text(page, "attachment-size", size);
	say_within(listing, path);
	show_preview(listing, path, part);
}

/* What the author sent with it. */
static void
list_large(const struct listing *listing, const GPtrArray *files)
{
	struct page *page = listing->page;

	for (guint i = 0; i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);
		g_autofree char *place =
			g_strdup_printf("/large/%s/%s", listing->item->id.text, file->id.text);
		g_autofree char *size = request_size(listing->request, file->size);
		g_autofree char *name = large_download_name(file);

		if (!file->is_members)
			continue;
		page_repeat(page, "attachment");
		page_text(page, "attachment-link", name);
		page_attribute(page, "attachment-link", "href", place);
		page_attribute(page, "attachment-link", "download", name);
		page_text(page, "attachment-size", size);
		page_remove(page, "attachment-within");
		page_remove(page, "attachment-preview");
	}
}

static void
list_attachments(const struct request *request, struct page *page, const struct mailbox_item *item,
		 const struct added_files *beside)
{
	struct listing listing = {.request = request, .page = page, .item = item};
	const struct layout *layout = item->layout;
	const guint own = layout->attachments->len + added_files_count_own(beside);
	g_autofree char *all = g_strconcat("/zip/", item->id.text, NULL);

	if (!layout->is_cut)
		page_remove(page, "cut");
	if (own == 0) {
		page_remove(page, "attachments");
		return;
	}
	layout_each_attachment(layout, list_attachment, &listing);
	list_large(&listing, beside->all);
	page_repeat_end(page, "attachment");
	if (own + beside->added->len < 2)
		page_remove(page, "all");
	else
		page_attribute(page, "all", "href", all);
}

/* --- what is offered --- */

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
	set_place(page, "print", "href", "/print/", item);
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
	if (item->has_folder && item->folder == FOLDER_INBOX)
		set_place(page, "unread", "action", "/unread/", item);
	else
		page_remove(page, "unread");
	if (strchr(item->layout->addresses, ' ') == NULL)
		page_remove(page, "reply-all");
}

/* --- header and body --- */

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
		prose_view_fill(page, "text", text);
		return;
	}
	set_place(page, "frame", "src", "/html/", item);
	prose_view_fill(page, "text-instead", text);
	page_remove(page, "text");
}

/* --- attached messages --- */

struct unfolding {
	struct request *request;
	struct page *page;
	const struct mailbox_item *item;
	guint count;
	struct invitation_cards *cards;
	size_t text_left; /* bytes that the page still has room for */
	struct fault *fault;
	bool good;
};

static void
fill_unfolded_header(const struct unfolding *unfolding, const struct layout *layout)
{
	struct page *page = unfolding->page;
	g_autofree char *when =
		layout->date == 0 ? NULL : request_date(unfolding->request, layout->date);

	page_text(page, "unfolded-subject",
		  or_else(layout->subject, request_say(unfolding->request, "(no subject)")));
	page_text(page, "unfolded-from", layout->from);
	page_text(page, "unfolded-to", layout->to);
	page_text(page, "unfolded-date", when == NULL ? "" : when);
}

static bool
fill_unfolded_text(struct unfolding *unfolding, const struct layout *layout)
{
	bool cut;
	g_autofree char *text = item_text(unfolding->request, unfolding->item, layout,
					  unfolding->text_left, &cut, unfolding->fault);

	if (text == NULL)
		return false;
	unfolding->text_left -= MIN(unfolding->text_left, strlen(text));
	prose_view_fill(unfolding->page, "unfolded-text", text);
	if (!cut)
		page_remove(unfolding->page, "unfolded-cut");
	return true;
}

/* A message may be attached a thousand times. */
static void
unfold(void *visitor, const char *path, const struct layout_part *part)
{
	struct unfolding *unfolding = visitor;
	struct page *page = unfolding->page;
	g_autofree char *place = NULL;

	if (part->inner == NULL || !unfolding->good || unfolding->count >= UNFOLDED_MAX)
		return;
	unfolding->count++;
	page_repeat(page, "unfolded");
	fill_unfolded_header(unfolding, part->inner);
	invitation_cards_fill(unfolding->cards, page, "unfolded-invitations", part->inner, path);
	if (!layout_has_html(part->inner)) {
		page_remove(page, "unfolded-frame");
		unfolding->good = fill_unfolded_text(unfolding, part->inner);
		return;
	}
	place = g_strdup_printf("/html/%s/%s", unfolding->item->id.text, path);
	page_attribute(page, "unfolded-frame", "src", place);
	page_remove(page, "unfolded-text");
	page_remove(page, "unfolded-cut");
}

static bool
unfold_messages(struct request *request, struct page *page, const struct mailbox_item *item,
		struct invitation_cards *cards, struct fault *fault)
{
	struct unfolding unfolding = {.request = request,
				      .page = page,
				      .item = item,
				      .cards = cards,
				      .text_left = TEXT_MAX,
				      .fault = fault,
				      .good = true};

	/* An organisation's own page may be older than this. */
	if (!page_has(page, "unfolded"))
		return true;
	layout_each_attachment(item->layout, unfold, &unfolding);
	page_repeat_end(page, "unfolded");
	return unfolding.good;
}

/* --- the page --- */

enum MHD_Result
message_page_show(struct request *request)
{
	static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};
	g_auto(mailbox_item_auto) item = {0};
	g_auto(added_files_auto) beside = {0};
	g_autoptr(page_auto) page = NULL;
	g_autofree char *text = NULL;
	struct invitation_cards cards;
	enum MHD_Result answered;
	struct fault fault;

	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	if (!added_files_find(request, &item, &beside, &fault))
		return answer_fault(request, &fault);
	request_rest(request);
	text = text_of(request, &item, &fault);
	if (text == NULL)
		return answer_fault(request, &fault);
	page = answer_begin(request, "message.html");
	fill_header(request, page, &item);
	cards = invitation_cards_begin(request, &item, true);
	invitation_cards_fill(&cards, page, "invitations", item.layout, "");
	fill_body(page, &item, text);
	list_attachments(request, page, &item, &beside);
	added_files_show(request, page, &item, &beside);
	if (!unfold_messages(request, page, &item, &cards, &fault))
		return answer_fault(request, &fault);
	offer_actions(request, page, &item);
	return answer_page(request, MHD_HTTP_OK, page);
}
