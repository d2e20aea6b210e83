/*
 * Writing: new messages, answers, forwarding, drafts. Whom a member may write to is decided here:
 * those who are in the conversation already, and whom a rule with `portal` allows.
 */
#ifndef POSTSEAL_DELIVERY_PORTAL_WRITING_H
#define POSTSEAL_DELIVERY_PORTAL_WRITING_H

#include "delivery/portal/request.h"

serve_request serve_write, serve_reply, serve_reply_all, serve_forward, serve_draft;
/* Sends it, or keeps it as a draft. */
serve_request serve_send;

#endif
