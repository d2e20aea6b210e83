/*
 * The portal's pages: well-formed HTML files that are compiled into the program and filled through
 * the tree. Only texts and attributes are ever set, so nothing that comes from a message or a
 * browser can become markup.
 *
 * Each page is a <main> with its title in the attribute data-title; frame.html surrounds it. An
 * element to be filled has its name in the attribute data-fill. All text in the files is shown in
 * the reader's language (core/catalogue.h): a run of text within one element is one text to
 * translate.
 *
 * A directory of the organisation's own may hold other versions of any of these files.
 */
#ifndef POSTSEAL_PORTAL_WEB_PAGE_H
#define POSTSEAL_PORTAL_WEB_PAGE_H

#include <glib.h>
#include <libxml/tree.h>

#include "core/fault.h"

struct page_file {
	const char *name; /* "unlock.html" */
	const char *text;
	size_t length; /* without the NUL after it */
};
extern const struct page_file page_files[]; /* ends with a NULL name */

/* Parses and translates all pages; call once, before any thread, after catalogue_start().
 * `directory` "": the organisation has no pages of its own. */
bool page_start(const char *directory, struct fault *fault);
/* A file that is not a page, such as the style sheet; NULL: there is none. */
GBytes *page_asset(const char *name);

struct page;

/* A fresh copy of a page, which must exist. */
struct page *page_new(const char *name, const char *language);
void page_free(struct page *page);
typedef struct page page_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(page_auto, page_free)

/* Fills all elements with this name. Invalid UTF-8, and characters that XML does not allow, are
 * replaced. */
void page_text(struct page *page, const char *name, const char *text);
void page_attribute(struct page *page, const char *name, const char *attribute, const char *value);
void page_remove(struct page *page, const char *name);
/* NULL: there is no such text, and the element is removed. */
void page_text_if_any(struct page *page, const char *name, const char *text);
bool page_has(const struct page *page, const char *name);
/* Keeps one of the two elements, depending on `keep`. */
void page_choose(struct page *page, bool keep, const char *name, const char *otherwise);
/* Inserts a copy of the element before it, and works on that copy until the next call. */
void page_repeat(struct page *page, const char *name);
/* Inserts a copy of an <option> before it, with this value and text. */
void page_option(struct page *page, const char *name, const char *value, const char *text);
/* Removes the element itself, and works on the whole page again. */
void page_repeat_end(struct page *page, const char *name);

/* For what has a structure of its own: the first element with this name, emptied; NULL: there is
 * none. */
xmlNode *page_emptied(struct page *page, const char *name);
/* Adds at the end. */
xmlNode *page_add(xmlNode *parent, const char *element);
void page_add_text(xmlNode *parent, const char *text);
void page_set(xmlNode *node, const char *attribute, const char *value);

/* Only what is in <main>, as markup; caller frees. */
char *page_fragment(struct page *page);

/* The finished page; caller frees. */
char *page_html(struct page *page, size_t *length_r);

#endif
