/* Plain text on a page, as people read it (mail/prose.h). */
#ifndef POSTSEAL_PORTAL_PROSE_VIEW_H
#define POSTSEAL_PORTAL_PROSE_VIEW_H

#include "portal/web/page.h"

/* Fills the element with this name. `text` is valid UTF-8. */
void prose_view_fill(struct page *page, const char *name, const char *text);
/* Adds a short text as it is, with its links. */
void prose_view_line(xmlNode *place, const char *text);

#endif
