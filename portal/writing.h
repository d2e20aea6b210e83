/* Writing: new messages, answers, forwarding, drafts. */
#ifndef POSTSEAL_PORTAL_WRITING_H
#define POSTSEAL_PORTAL_WRITING_H

#include "portal/request.h"

serve_request serve_write, serve_reply, serve_reply_all, serve_forward, serve_draft;
/* Sends it, or keeps it as a draft. */
serve_request serve_send;

#endif
