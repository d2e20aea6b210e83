#include "portal/prose_view.h"

#include "mail/prose.h"

enum { LINKS_MAX = 2000 };

/* Opens a page of its own, which does not hear where the link was. */
static void
add_link(xmlNode *parent, const char *shown, const char *url)
{
	xmlNode *link = page_add(parent, "a");

	page_set(link, "href", url);
	page_set(link, "target", "_blank");
	page_set(link, "rel", "noopener noreferrer nofollow");
	page_add_text(link, shown);
}

static void
add_text(xmlNode *parent, const char *text, guint *links)
{
	const char *begin, *end;
	char *url;

	while (*links < LINKS_MAX && prose_link(text, &begin, &end, &url)) {
		g_autofree char *before = g_strndup(text, (gsize)(begin - text));
		g_autofree char *shown = g_strndup(begin, (gsize)(end - begin));

		page_add_text(parent, before);
		add_link(parent, shown, url);
		g_free(url);
		text = end;
		++*links;
	}
	page_add_text(parent, text);
}

void
prose_view_line(xmlNode *place, const char *text)
{
	guint links = 0;

	add_text(place, text, &links);
}

/* A table that is wider than the screen is scrolled, also by keyboard. */
static xmlNode *
add_block(xmlNode *parent, const struct prose_block *block)
{
	xmlNode *added = page_add(parent, block->is_columns ? "pre" : "p");

	if (block->is_columns)
		page_set(added, "tabindex", "0");
	return added;
}

void
prose_view_fill(struct page *page, const char *name, const char *text)
{
	g_autoptr(GPtrArray) blocks = prose_blocks(text);
	xmlNode *place = page_emptied(page, name);
	unsigned depth = 0;
	guint links = 0;

	for (guint i = 0; place != NULL && i < blocks->len; i++) {
		const struct prose_block *block = g_ptr_array_index(blocks, i);

		for (; depth < block->depth; depth++)
			place = page_add(place, "blockquote");
		for (; depth > block->depth; depth--)
			place = place->parent;
		add_text(add_block(place, block), block->text, &links);
	}
}
