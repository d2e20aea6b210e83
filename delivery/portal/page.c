#include "delivery/portal/page.h"

#include <libxml/HTMLtree.h>
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

static GHashTable *pages; /* name to xmlDoc */

struct page {
	xmlDoc *document;
	xmlNode *within; /* where elements are looked for */
};

static bool
parse(const struct page_file *file, struct fault *fault)
{
	xmlDoc *document = xmlReadMemory(file->text, (int)strlen(file->text), file->name, "UTF-8",
					 XML_PARSE_NONET | XML_PARSE_NOBLANKS);

	if (document == NULL)
		return fault_set(fault, FAULT_CONFIG, "reading the page %s: it is not well-formed", file->name);
	g_hash_table_insert(pages, (gpointer)file->name, document);
	return true;
}

bool
page_start(struct fault *fault)
{
	xmlInitParser();
	pages = g_hash_table_new(g_str_hash, g_str_equal);
	for (const struct page_file *file = page_files; file->name != NULL; file++)
		if (g_str_has_suffix(file->name, ".html") && !parse(file, fault))
			return false;
	return true;
}

const char *
page_asset(const char *name)
{
	for (const struct page_file *file = page_files; file->name != NULL; file++)
		if (strcmp(file->name, name) == 0 && !g_str_has_suffix(name, ".html"))
			return file->text;
	return NULL;
}

struct page *
page_new(const char *name)
{
	xmlDoc *original = g_hash_table_lookup(pages, name);
	struct page *page = g_new(struct page, 1);

	g_assert(original != NULL);
	page->document = xmlCopyDoc(original, 1);
	page->within = xmlDocGetRootElement(page->document);
	return page;
}

void
page_free(struct page *page)
{
	if (page == NULL)
		return;
	xmlFreeDoc(page->document);
	g_free(page);
}

static bool
is_named(xmlNode *node, const char *name)
{
	xmlChar *fill = xmlGetNoNsProp(node, BAD_CAST "data-fill");
	bool same = fill != NULL && strcmp((const char *)fill, name) == 0;

	xmlFree(fill);
	return same;
}

/* In the order of the document, `from` first; NULL at the end. */
static xmlNode *
next_node(const struct page *page, xmlNode *from)
{
	if (from->children != NULL)
		return from->children;
	while (from != page->within && from->next == NULL)
		from = from->parent;
	return from == page->within ? NULL : from->next;
}

static GPtrArray *
elements(const struct page *page, const char *name)
{
	GPtrArray *found = g_ptr_array_new();

	for (xmlNode *node = page->within; node != NULL; node = next_node(page, node))
		if (node->type == XML_ELEMENT_NODE && is_named(node, name))
			g_ptr_array_add(found, node);
	return found;
}

/* XML has no control characters but tab and the ends of lines; these are LF here. */
static char *
valid_text(const char *text)
{
	char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	char *to = valid;

	for (const char *from = valid; *from != '\0'; from++) {
		if (from[0] == '\r' && from[1] == '\n')
			continue;
		*to++ = (char)((unsigned char)*from < 0x20 && strchr("\t\n", *from) == NULL ? ' ' : *from);
	}
	*to = '\0';
	return valid;
}

void
page_text(struct page *page, const char *name, const char *text)
{
	g_autoptr(GPtrArray) found = elements(page, name);
	g_autofree char *valid = valid_text(text);

	for (guint i = 0; i < found->len; i++) {
		xmlNode *node = g_ptr_array_index(found, i);

		for (xmlNode *child = node->children; child != NULL;) {
			xmlNode *next = child->next;

			xmlUnlinkNode(child);
			xmlFreeNode(child);
			child = next;
		}
		xmlAddChild(node, xmlNewText(BAD_CAST valid));
	}
}

void
page_attribute(struct page *page, const char *name, const char *attribute, const char *value)
{
	g_autoptr(GPtrArray) found = elements(page, name);
	g_autofree char *valid = valid_text(value);

	for (guint i = 0; i < found->len; i++)
		xmlSetProp(g_ptr_array_index(found, i), BAD_CAST attribute, BAD_CAST valid);
}

void
page_remove(struct page *page, const char *name)
{
	g_autoptr(GPtrArray) found = elements(page, name);

	/* From the last: an element within another comes after it. */
	for (guint i = found->len; i-- > 0;) {
		xmlNode *node = g_ptr_array_index(found, i);

		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

void
page_repeat(struct page *page, const char *name)
{
	g_autoptr(GPtrArray) found = NULL;
	xmlNode *pattern, *copy;

	page->within = xmlDocGetRootElement(page->document);
	found = elements(page, name);
	g_assert(found->len > 0);
	pattern = g_ptr_array_index(found, found->len - 1);
	copy = xmlCopyNode(pattern, 1);
	xmlUnsetProp(copy, BAD_CAST "data-fill");
	page->within = xmlAddPrevSibling(pattern, copy);
}

void
page_repeat_end(struct page *page, const char *name)
{
	page->within = xmlDocGetRootElement(page->document);
	page_remove(page, name);
}

static void
forget_names(struct page *page)
{
	page->within = xmlDocGetRootElement(page->document);
	for (xmlNode *node = page->within; node != NULL; node = next_node(page, node))
		if (node->type == XML_ELEMENT_NODE)
			xmlUnsetProp(node, BAD_CAST "data-fill");
}

char *
page_html(struct page *page, size_t *length_r)
{
	xmlBuffer *buffer = xmlBufferCreate();
	xmlSaveCtxt *save = xmlSaveToBuffer(buffer, "UTF-8", XML_SAVE_AS_HTML);
	char *html;

	forget_names(page);
	xmlSaveDoc(save, page->document);
	xmlSaveClose(save);
	*length_r = (size_t)xmlBufferLength(buffer);
	html = g_memdup2(xmlBufferContent(buffer), *length_r + 1);
	xmlBufferFree(buffer);
	return html;
}
