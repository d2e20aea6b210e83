/* The folders, and reading a message: its text, its HTML, its attachments. */
#ifndef POSTSEAL_PORTAL_READING_H
#define POSTSEAL_PORTAL_READING_H

#include "portal/request.h"

serve_request reading_inbox, reading_sent, reading_drafts;
serve_request reading_message;
/* The message as HTML alone, for the sandboxed frame. */
serve_request reading_html;
/* Downloads: all of it, an attachment, all attachments as a zip. */
serve_request reading_source, reading_attachment, reading_zip;
serve_request reading_delete;

#endif
