/*
 * Sends what a member submitted with a mail program as if it had been written in the portal
 * (portal/sending.h): to the company from an address of the company, to other members through the
 * portal, and into the folder of sent messages.
 *
 * Of the header, only what the portal would write stays, and nobody is named in To and Cc who does
 * not get the message: whoever is named there may be written to by those who answer.
 */
#ifndef POSTSEAL_MILTER_SUBMISSION_SUBMITTED_H
#define POSTSEAL_MILTER_SUBMISSION_SUBMITTED_H

#include "mail/message.h"
#include "portal/addressee.h"

struct submitted {
	const struct author *author;
	const struct message *message;
	GPtrArray *addressees; /* struct addressee, each of whom once */
	GHashTable *correspondents;
	struct identifier id; /* in the log; filled in */
};

/* Is the message from the member, and from nobody else? FAULT_REFUSED: no. */
bool submitted_check_author(const struct submitted *submitted, struct fault *fault);
/* In one commit. *again_r: the same was sent before to the same people, and nothing was done. What
 * the member must know is a permanent fault. */
bool submitted_send(struct submitted *submitted, bool *again_r, struct fault *fault);

#endif
