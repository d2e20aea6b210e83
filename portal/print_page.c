#include "portal/print_page.h"

#include <string.h>

#include "portal/added_file.h"
#include "portal/answer.h"
#include "portal/formatted.h"
#include "portal/invitation_card.h"
#include "portal/item.h"
#include "portal/large_download.h"
#include "portal/prose_view.h"
#include "portal/reading.h"

enum {
	TEXT_MAX = 1024 * 1024, /* bytes of text on a page */
	SECTIONS_MAX = 21,	/* the message, and those attached to it */
};

struct printing {
	struct request *request;
	const struct mailbox_item *item;
	struct added_files beside;
	struct invitation_cards cards;
	GArray *sections; /* struct formatted_section */
	size_t left;	  /* bytes of text */
	struct fault *fault;
	bool good;
};

static void
section_clear(void *data)
{
	struct formatted_section *section = data;

	g_free(section->before);
	g_free(section->after);
}

static void
fill_line(struct page *page, const char *name, const char *line, const char *text)
{
	if (text == NULL || *text == '\0')
		page_remove(page, line);
	else
		page_text(page, name, text);
}

static void
fill_header(const struct printing *printing, struct page *page, const struct layout *layout)
{
	const struct mailbox_item *item = printing->item;
	bool is_outer = layout == item->layout;
	gint64 at = layout->date == 0 && is_outer ? item->at : layout->date;
	g_autofree char *when = at == 0 ? NULL : request_date(printing->request, at);

	page_text(page, "subject",
		  *layout->subject == '\0' ? request_say(printing->request, "(no subject)")
					   : layout->subject);
	fill_line(page, "from", "from-line",
		  *layout->from == '\0' && is_outer ? item->sender : layout->from);
	fill_line(page, "to", "to-line", layout->to);
	fill_line(page, "cc", "cc-line", layout->cc);
	fill_line(page, "date", "date-line", when);
}

static void
list_file(const struct printing *printing, struct page *page, const char *name, uint64_t bytes)
{
	g_autofree char *size = request_size(printing->request, bytes);

	page_repeat(page, "attachment");
	page_text(page, "attachment-name", name);
	page_text(page, "attachment-size", size);
}

static void
list_large(const struct printing *printing, struct page *page, const struct large_file *file)
{
	g_autofree char *name = large_download_name(file);

	list_file(printing, page, name, file->size);
}

/* What came with the message, and what its sender added. */
static void
list_beside(const struct printing *printing, struct page *page)
{
	const struct added_files *beside = &printing->beside;

	for (guint i = 0; i < beside->all->len; i++) {
		const struct large_file *file = g_ptr_array_index(beside->all, i);

		if (file->is_members)
			list_large(printing, page, file);
	}
	for (guint i = 0; i < beside->added->len; i++)
		list_large(printing, page, g_array_index(beside->added, struct added_file, i).file);
}

static bool
has_files(const struct printing *printing, const struct layout *layout)
{
	const struct added_files *beside = &printing->beside;

	return layout->attachments->len > 0 ||
	       (layout == printing->item->layout &&
		added_files_count_own(beside) + beside->added->len > 0);
}

/* Those whose files are listed as well come last. */
static void
list_parts(const struct printing *printing, struct page *page, const GPtrArray *parts,
	   bool unpacked)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct layout_part *part = g_ptr_array_index(parts, i);

		if (part->is_unpacked == unpacked)
			list_file(printing, page, part->name, layout_size(part));
	}
}

static void
list_attachments(const struct printing *printing, struct page *page, const struct layout *layout)
{
	if (!layout->is_cut)
		page_remove(page, "cut");
	if (!has_files(printing, layout)) {
		page_remove(page, "attachments");
		return;
	}
	list_parts(printing, page, layout->attachments, false);
	list_parts(printing, page, layout->attachments, true);
	if (layout == printing->item->layout)
		list_beside(printing, page);
	page_repeat_end(page, "attachment");
}

/* If there is HTML, it comes between the two; otherwise the text is in the first one. */
static char *
markup_before(struct printing *printing, const struct layout *layout)
{
	g_autoptr(page_auto) page = answer_begin(printing->request, "print.html");
	bool cut;
	g_autofree char *text = NULL;

	fill_header(printing, page, layout);
	invitation_cards_fill(&printing->cards, page, "invitations", layout, "");
	page_remove(page, "closing");
	if (layout_has_html(layout)) {
		page_remove(page, "text");
		page_remove(page, "text-cut");
		return page_fragment(page);
	}
	text = item_text(printing->request, printing->item, layout, printing->left, &cut,
			 printing->fault);
	if (text == NULL)
		return NULL;
	printing->left -= MIN(printing->left, strlen(text));
	prose_view_fill(page, "text", text);
	if (!cut)
		page_remove(page, "text-cut");
	return page_fragment(page);
}

static char *
markup_after(const struct printing *printing, const struct layout *layout)
{
	g_autoptr(page_auto) page = NULL;

	if (!has_files(printing, layout) && !layout->is_cut)
		return NULL;
	page = answer_begin(printing->request, "print.html");
	page_remove(page, "opening");
	list_attachments(printing, page, layout);
	return page_fragment(page);
}

static void
add_section(struct printing *printing, const struct layout *layout)
{
	struct formatted_section section = {.layout = layout_has_html(layout) ? layout : NULL};

	if (!printing->good || printing->sections->len >= SECTIONS_MAX)
		return;
	section.before = markup_before(printing, layout);
	printing->good = section.before != NULL;
	section.after = markup_after(printing, layout);
	g_array_append_val(printing->sections, section);
}

static void
add_attached(void *visitor, const char *path, const struct layout_part *part)
{
	(void)path;
	if (part->inner != NULL)
		add_section(visitor, part->inner);
}

/* The file that a browser makes of the printed page has its title as its name. */
static char *
document_of(struct printing *printing)
{
	struct request *request = printing->request;
	const struct layout *layout = printing->item->layout;
	const struct formatted formatted = {request->portal->reader, &printing->item->content,
					    layout, request->web.language};

	request_rest(request);
	add_section(printing, layout);
	layout_each_attachment(layout, add_attached, printing);
	if (!printing->good)
		return NULL;
	return reading_document_or_sentence(
		request,
		formatted_letter(&formatted, printing->sections, layout->subject, printing->fault),
		printing->fault);
}

enum MHD_Result
print_page_show(struct request *request)
{
	static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};
	g_auto(mailbox_item_auto) item = {0};
	g_autoptr(GArray) sections = g_array_new(FALSE, FALSE, sizeof(struct formatted_section));
	struct fault fault = {0};
	struct printing printing = {.request = request,
				    .item = &item,
				    .cards = invitation_cards_begin(request, &item, false),
				    .sections = sections,
				    .left = TEXT_MAX,
				    .fault = &fault,
				    .good = true};
	enum MHD_Result answered;
	char *document;

	g_array_set_clear_func(sections, section_clear);
	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	document = added_files_find(request, &item, &printing.beside, &fault)
			   ? document_of(&printing)
			   : NULL;
	added_files_clear(&printing.beside);
	if (document == NULL)
		return answer_fault(request, &fault);
	return reading_answer_document(request, document);
}
