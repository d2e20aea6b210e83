/*
 * What a member wrote, and sent when the session was over: it is sealed to the member's account,
 * and becomes a draft at the next sign-in, wherever that is.
 *
 * Each writing page names its author, with a proof that only the author's keys yield. Nobody can
 * check it while nobody is signed in; the account does, before it takes the text: a stranger cannot
 * put words into a mailbox.
 */
#ifndef POSTSEAL_PORTAL_UNSAVED_H
#define POSTSEAL_PORTAL_UNSAVED_H

#include "portal/written.h"

/* Keeps what was written for its author, whoever is signed in. *kept_r: it is kept; otherwise, only
 * the browser has it. */
bool unsaved_keep(struct request *request, const struct written *written, bool *kept_r,
		  struct fault *fault);
/* Was it written in another account than the one that is signed in? */
bool unsaved_is_of_another(const struct request *request);

/* Says so, without showing it. */
enum MHD_Result unsaved_answer_other(struct request *request, unsigned status);

/* Makes drafts of all that is kept for the member, who has just signed in. *draft_r is the one of
 * this form, and *found_r says whether there is one. */
bool unsaved_restore(struct request *request, const char *form, struct identifier *draft_r,
		     bool *found_r, struct fault *fault);

#endif
