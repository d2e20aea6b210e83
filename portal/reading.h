/* The folders, and reading a message: its text, its HTML, its attachments. */
#ifndef POSTSEAL_PORTAL_READING_H
#define POSTSEAL_PORTAL_READING_H

#include "portal/request.h"

serve_request reading_inbox, reading_sent, reading_drafts;
serve_request reading_message;
/* Only the message's HTML, for the sandboxed frame. */
serve_request reading_html;
/* Downloads: the whole message, an attachment, all attachments as a zip archive. */
serve_request reading_source, reading_attachment, reading_zip;
serve_request reading_delete;

#endif
