/*
 * The portal's pages: well-formed HTML files that are part of the program, filled through the
 * tree. Only texts and attributes are ever set, so nothing that a message or a browser brings
 * can become markup.
 *
 * An element that is filled has the attribute data-fill with its name.
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_PAGE_H
#define POSTSEAL_DELIVERY_PORTAL_PAGE_H

#include <glib.h>
#include <libxml/tree.h>

#include "core/fault.h"

struct page_file {
	const char *name; /* "unlock.html" */
	const char *text;
};
extern const struct page_file page_files[]; /* ends with a NULL name */

/* Parses all pages; once, before threads. */
bool page_start(struct fault *fault);
/* Text of a file that is no page, such as the style sheet; NULL: there is none. */
const char *page_asset(const char *name);

struct page;

/* A fresh copy of a page, which must exist. */
struct page *page_new(const char *name);
void page_free(struct page *page);
typedef struct page page_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(page_auto, page_free)

/* All elements of that name. Text that is not UTF-8, or has characters that XML has not, is
 * made valid. */
void page_text(struct page *page, const char *name, const char *text);
void page_attribute(struct page *page, const char *name, const char *attribute, const char *value);
void page_remove(struct page *page, const char *name);
/* Puts a copy of the element before it and works on that copy until the next call; end with
 * page_remove() of the element. */
void page_repeat(struct page *page, const char *name);
void page_repeat_end(struct page *page, const char *name);

/* The finished page; the caller's. */
char *page_html(struct page *page, size_t *length_r);

#endif
