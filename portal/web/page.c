#include "portal/web/page.h"

#include <libxml/HTMLtree.h>
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

#include "core/catalogue.h"

enum { FILE_BYTES_MAX = 1024 * 1024 };

static GHashTable *pages;  /* maps "de/inbox.html" to an xmlDoc */
static GHashTable *assets; /* maps names to GBytes */

struct page {
	xmlDoc *document;
	xmlNode *within; /* the part in which elements are searched */
};

/* --- reading --- */

/* The organisation's own version of a file, or the built-in one. */
static char *
read_file(const struct page_file *file, const char *directory, gsize *length_r, struct fault *fault)
{
	g_autofree char *path = g_strdup_printf("%s/%s", directory, file->name);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (*directory == '\0' || (!g_file_get_contents(path, &text, length_r, &error) &&
				   g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))) {
		*length_r = file->length;
		return g_memdup2(file->text, file->length + 1);
	}
	if (text == NULL)
		fault_set(fault, FAULT_CONFIG, "reading the page %s: %s", path, error->message);
	return text;
}

static xmlDoc *
parse(const struct page_file *file, const char *directory, struct fault *fault)
{
	gsize length;
	g_autofree char *text = read_file(file, directory, &length, fault);
	xmlDoc *document = NULL;

	if (text == NULL)
		return NULL;
	if (length <= FILE_BYTES_MAX)
		document = xmlReadMemory(text, (int)length, file->name, "UTF-8",
					 XML_PARSE_NONET | XML_PARSE_NOBLANKS);
	if (document == NULL)
		fault_set(fault, FAULT_CONFIG, "reading the page %s%s%s: it is not well-formed",
			  directory, *directory == '\0' ? "" : "/", file->name);
	return document;
}

/* With single blanks between words, as browsers show it. */
static char *
squeezed(const char *text)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
	GString *line = g_string_new(NULL);

	for (char **word = words; *word != NULL; word++)
		if (**word != '\0')
			g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *word);
	return g_string_free(line, FALSE);
}

static void
translate_attribute(xmlNode *node, const char *name, const char *language)
{
	xmlChar *value = xmlGetNoNsProp(node, BAD_CAST name);

	if (value != NULL)
		xmlSetProp(node, BAD_CAST name, BAD_CAST translate(language, (const char *)value));
	xmlFree(value);
}

static void
translate_text(xmlNode *node, const char *language)
{
	g_autofree char *text = squeezed((const char *)node->content);
	const char *other = translate(language, text);
	/* Blanks next to other elements are kept. */
	bool before = node->prev != NULL && strchr(" \n", *node->content) != NULL;
	bool after = node->next != NULL && g_str_has_suffix((const char *)node->content, " ");
	g_autofree char *whole = g_strconcat(before ? " " : "", other, after ? " " : "", NULL);

	/* Of a text node, the content is taken as it is. */
	if (*text != '\0')
		xmlNodeSetContent(node, BAD_CAST whole);
}

static void
translate_tree(xmlNode *node, const char *language)
{
	static const char *const attributes[] = {"alt", "aria-label", "placeholder", "title"};

	for (; node != NULL; node = node->next) {
		if (node->type == XML_TEXT_NODE)
			translate_text(node, language);
		if (node->type != XML_ELEMENT_NODE)
			continue;
		for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
			translate_attribute(node, attributes[i], language);
		translate_tree(node->children, language);
	}
}

static xmlNode *
first_element(xmlNode *root, const char *name)
{
	for (xmlNode *node = root; node != NULL; node = node->next) {
		xmlNode *found;

		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (strcmp((const char *)node->name, name) == 0)
			return node;
		found = first_element(node->children, name);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* The frame with the page's <main> and title inserted. */
static bool
compose(const xmlDoc *frame, const struct page_file *file, xmlDoc *content, const char *language,
	struct fault *fault)
{
	xmlDoc *page = xmlCopyDoc((xmlDoc *)frame, 1);
	xmlNode *root = xmlDocGetRootElement(page);
	xmlNode *place = first_element(root, "main"), *title = first_element(root, "title");
	xmlNode *body = xmlDocGetRootElement(content);
	xmlChar *text = xmlGetNoNsProp(body, BAD_CAST "data-title");

	if (place == NULL || title == NULL || strcmp((const char *)body->name, "main") != 0 ||
	    text == NULL) {
		xmlFree(text);
		xmlFreeDoc(page);
		return fault_set(
			fault, FAULT_CONFIG,
			"reading the page %s: expected <main> with data-title, and a frame with "
			"<main> and <title>",
			file->name);
	}
	body = xmlDocCopyNode(body, page, 1);
	xmlUnsetProp(body, BAD_CAST "data-title");
	xmlNodeAddContent(title, text);
	xmlFree(text);
	xmlFreeNode(xmlReplaceNode(place, body));
	xmlSetProp(root, BAD_CAST "lang", BAD_CAST language);
	translate_tree(root, language);
	g_hash_table_insert(pages, g_strdup_printf("%s/%s", language, file->name), page);
	return true;
}

static bool
take_page(const xmlDoc *frame, const struct page_file *file, const char *directory,
	  struct fault *fault)
{
	xmlDoc *content = parse(file, directory, fault);
	bool good = content != NULL;

	for (const char *const *language = catalogue_languages(); good && *language != NULL;
	     language++)
		good = compose(frame, file, content, *language, fault);
	xmlFreeDoc(content);
	return good;
}

static bool
take_asset(const struct page_file *file, const char *directory, struct fault *fault)
{
	gsize length;
	char *text = read_file(file, directory, &length, fault);

	if (text == NULL)
		return false;
	g_hash_table_insert(assets, (gpointer)file->name, g_bytes_new_take(text, length));
	return true;
}

static bool
take_file(const xmlDoc *frame, const struct page_file *file, const char *directory,
	  struct fault *fault)
{
	if (!g_str_has_suffix(file->name, ".html"))
		return take_asset(file, directory, fault);
	return strcmp(file->name, "frame.html") == 0 || take_page(frame, file, directory, fault);
}

bool
page_start(const char *directory, struct fault *fault)
{
	const struct page_file *frame_file = page_files;
	xmlDoc *frame;
	bool good;

	xmlInitParser();
	pages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	assets = g_hash_table_new(g_str_hash, g_str_equal);
	while (strcmp(frame_file->name, "frame.html") != 0)
		frame_file++;
	frame = parse(frame_file, directory, fault);
	good = frame != NULL;
	for (const struct page_file *file = page_files; good && file->name != NULL; file++)
		good = take_file(frame, file, directory, fault);
	xmlFreeDoc(frame);
	return good;
}

GBytes *
page_asset(const char *name)
{
	return g_hash_table_lookup(assets, name);
}

/* --- filling --- */

struct page *
page_new(const char *name, const char *language)
{
	g_autofree char *key = g_strdup_printf("%s/%s", language, name);
	xmlDoc *original = g_hash_table_lookup(pages, key);
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

/* In document order, beginning with `from`; NULL at the end. */
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

/* XML allows no control characters except tabs and line ends, which become LF here. */
static char *
valid_text(const char *text)
{
	char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	char *to = valid;

	for (const char *from = valid; *from != '\0'; from++) {
		if (from[0] == '\r' && from[1] == '\n')
			continue;
		*to++ = (char)((unsigned char)*from < 0x20 && strchr("\t\n", *from) == NULL
				       ? ' '
				       : *from);
	}
	*to = '\0';
	return valid;
}

static void
empty(xmlNode *node)
{
	for (xmlNode *child = node->children; child != NULL;) {
		xmlNode *next = child->next;

		xmlUnlinkNode(child);
		xmlFreeNode(child);
		child = next;
	}
}

void
page_text(struct page *page, const char *name, const char *text)
{
	g_autoptr(GPtrArray) found = elements(page, name);
	g_autofree char *valid = valid_text(text);

	for (guint i = 0; i < found->len; i++) {
		xmlNode *node = g_ptr_array_index(found, i);

		empty(node);
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

	/* From the last to the first: an element inside another one comes after it. */
	for (guint i = found->len; i-- > 0;) {
		xmlNode *node = g_ptr_array_index(found, i);

		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

void
page_text_if_any(struct page *page, const char *name, const char *text)
{
	if (text == NULL)
		page_remove(page, name);
	else
		page_text(page, name, text);
}

bool
page_has(const struct page *page, const char *name)
{
	g_autoptr(GPtrArray) found = elements(page, name);

	return found->len > 0;
}

void
page_choose(struct page *page, bool keep, const char *name, const char *otherwise)
{
	page_remove(page, keep ? otherwise : name);
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
page_option(struct page *page, const char *name, const char *value, const char *text)
{
	g_autofree char *valid_value = valid_text(value), *valid = valid_text(text);

	page_repeat(page, name);
	xmlSetProp(page->within, BAD_CAST "value", BAD_CAST valid_value);
	xmlNodeSetContent(page->within, BAD_CAST "");
	xmlAddChild(page->within, xmlNewText(BAD_CAST valid));
}

void
page_repeat_end(struct page *page, const char *name)
{
	page->within = xmlDocGetRootElement(page->document);
	page_remove(page, name);
}

xmlNode *
page_emptied(struct page *page, const char *name)
{
	g_autoptr(GPtrArray) found = elements(page, name);

	if (found->len == 0)
		return NULL;
	empty(g_ptr_array_index(found, 0));
	return g_ptr_array_index(found, 0);
}

xmlNode *
page_add(xmlNode *parent, const char *element)
{
	return xmlNewChild(parent, NULL, BAD_CAST element, NULL);
}

void
page_add_text(xmlNode *parent, const char *text)
{
	g_autofree char *valid = valid_text(text);

	xmlAddChild(parent, xmlNewText(BAD_CAST valid));
}

void
page_set(xmlNode *node, const char *attribute, const char *value)
{
	g_autofree char *valid = valid_text(value);

	xmlSetProp(node, BAD_CAST attribute, BAD_CAST valid);
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
page_fragment(struct page *page)
{
	xmlBuffer *buffer = xmlBufferCreate();
	xmlSaveCtxt *save = xmlSaveToBuffer(buffer, "UTF-8", XML_SAVE_AS_HTML);
	xmlNode *place;
	char *markup;

	forget_names(page);
	place = first_element(xmlDocGetRootElement(page->document), "main");
	for (xmlNode *node = place == NULL ? NULL : place->children; node != NULL;
	     node = node->next)
		xmlSaveTree(save, node);
	xmlSaveClose(save);
	markup = g_strdup((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return markup;
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
