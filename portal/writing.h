/* Writing: new messages, answers, forwarding, drafts. */
#ifndef POSTSEAL_PORTAL_WRITING_H
#define POSTSEAL_PORTAL_WRITING_H

#include "portal/request.h"

/* To an address from a form: addresses do not belong in links, which are logged. */
serve_request writing_to;
serve_request writing_new, writing_reply, writing_reply_all, writing_forward, writing_draft;
/* Sends the message, or saves it as a draft. */
serve_request writing_send;
/* Signs in on the writing page: what was written there is kept meanwhile. */
serve_request writing_signin;
/* Asks whether a draft is to be discarded. */
serve_request writing_discard;
/* Shows again what was written, whatever became of it. */
give_back_form writing_give_back;

#endif
