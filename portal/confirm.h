/*
 * Before what opens an account is changed (a key, a passkey, the second factor, the password, the
 * recovery code), its owner proves again who they are: a browser left open is not enough. A proof
 * is good for one change within ten minutes. The owner is told of each change by mail.
 */
#ifndef POSTSEAL_PORTAL_CONFIRM_H
#define POSTSEAL_PORTAL_CONFIRM_H

#include "delivery/outbox/notice.h"
#include "portal/request.h"

serve_request confirm_form, confirm_submit, confirm_passkey;

/* False: it is still to be proven, and the visitor was sent there, as *answered_r says. */
bool confirm_is_given(struct request *request, enum MHD_Result *answered_r);
/* The change is made in the open batch: the proof is used up, and the mail put into the outbox.
 * `detail` says which key it is, or is NULL. */
bool confirm_use(struct request *request, enum notice_change change, const char *detail,
		 struct fault *fault);

#endif
