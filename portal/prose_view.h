/* Plain text on a page, as people read it (mail/prose.h). */
#ifndef POSTSEAL_PORTAL_PROSE_VIEW_H
#define POSTSEAL_PORTAL_PROSE_VIEW_H

#include "portal/web/page.h"

/* Fills the element with this name. `text` is valid UTF-8. */
void prose_view_fill(struct page *page, const char *name, const char *text);

#endif
