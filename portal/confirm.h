/*
 * Before anything that opens an account is changed (a key, a passkey, the second factor, the
 * password, the recovery code), its owner proves once more who they are: a browser left open is not
 * enough. A proof is valid for one change within ten minutes. The owner is told about each change
 * by mail.
 */
#ifndef POSTSEAL_PORTAL_CONFIRM_H
#define POSTSEAL_PORTAL_CONFIRM_H

#include "delivery/outbox/notice.h"
#include "portal/request.h"

serve_request confirm_form, confirm_submit, confirm_passkey;

/* False: a proof is still needed, and the visitor was sent to the page for it; *answered_r is the
 * result. */
bool confirm_is_given(struct request *request, enum MHD_Result *answered_r);
/* The change is made in the open batch: the proof is used up, and the mail is put into the outbox.
 * `detail` says which key it is, or is NULL. */
bool confirm_use(struct request *request, enum notice_change change, const char *detail,
		 struct fault *fault);

#endif
