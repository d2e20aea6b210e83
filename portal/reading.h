/* What is read of a message beside its page: its HTML, its attachments. */
#ifndef POSTSEAL_PORTAL_READING_H
#define POSTSEAL_PORTAL_READING_H

#include "portal/request.h"

/* Only the HTML of the message, or of one attached to it, for the sandboxed frame. */
serve_request reading_html;
/* Downloads: the whole message, an attachment, all attachments as a zip archive. */
serve_request reading_source, reading_attachment, reading_zip;
serve_request reading_delete;

#endif
