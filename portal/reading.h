/* The folders, and reading a message: its text, its HTML, its attachments. */
#ifndef POSTSEAL_PORTAL_READING_H
#define POSTSEAL_PORTAL_READING_H

#include "portal/request.h"

serve_request serve_inbox, serve_sent, serve_drafts;
serve_request serve_message;
/* The message as HTML alone, for the sandboxed frame. */
serve_request serve_html;
/* Downloads: all of it, an attachment, all attachments as a zip. */
serve_request serve_source, serve_attachment, serve_zip;
serve_request serve_delete;

#endif
