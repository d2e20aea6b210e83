/*
 * The form in which a member writes: empty, with an answer or a draft, or with what was sent and
 * could not be carried out.
 */
#ifndef POSTSEAL_PORTAL_WRITING_FORM_H
#define POSTSEAL_PORTAL_WRITING_FORM_H

#include "portal/mailbox.h"
#include "portal/request.h"

enum { KEPT_MAX = 200 }; /* files of a draft that are offered: a form has no more fields */

struct writing_form {
	const char *reply_kind;		   /* "reply", "replyall", "forward", or NULL */
	const struct mailbox_item *parent; /* the message being answered or forwarded, or NULL */
	const struct mailbox_item *draft;  /* the draft being continued, or NULL */
	/* As they were sent, if they are not opened; or NULL. */
	const char *parent_id, *draft_id;
	const char *to, *subject, *text;
	const char *id; /* keeps a form that is sent twice from becoming two messages, and is that
			   of its draft; NULL: a new one */
	const char *wrong;
	const char *wrong_field; /* which it is about; NULL: none in particular */
	bool is_kept;	   /* it is kept for its author, who signs in on the page (unsaved.h) */
	const char *saved; /* when its draft was saved, or what else its reader is told; or NULL */
	const char *other; /* its draft, as another window saved it, or NULL */
	bool is_saved;	   /* what was written is in the draft, including its files */
};

bool writing_form_forwards(const struct writing_form *form);
/* The message whose files may be kept; NULL: none. */
const struct mailbox_item *writing_form_source(const struct writing_form *form);
/* Uploaded files that the page listed, and the member deselected: their identifiers, freed by the
 * array. */
GPtrArray *writing_form_taken_out(const struct request *request);
/* Proves that this account got this form from us. */
void writing_form_proof(char text_r[SEAL_KEY_CHARACTERS + 1], const struct session *session,
			const char *id);
/* Files that the member did not want to keep stay deselected when the form is shown again. */
enum MHD_Result writing_form_show(struct request *request, unsigned status,
				  const struct writing_form *form);

#endif
