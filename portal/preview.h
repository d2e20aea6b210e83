/* A small picture of an attached picture or of the first page of an attached PDF document, for the
 * page of its message. It is made each time by postseal-reader(8), and kept nowhere. */
#ifndef POSTSEAL_PORTAL_PREVIEW_H
#define POSTSEAL_PORTAL_PREVIEW_H

#include "mail/layout.h"
#include "portal/request.h"

/* Is it worth asking for one? */
bool preview_is_offered(const struct layout_part *part);
/* What none can be made of has a picture that nobody sees. */
serve_request preview_show;

#endif
