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
	/* Filled in when it is checked: */
	char *subject;	      /* UTF-8 */
	GPtrArray *files;     /* names that it can be found by, UTF-8 */
	struct identifier id; /* in the log; filled in when it is sent */
};

void submitted_clear(struct submitted *submitted);
typedef struct submitted submitted_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(submitted_auto, submitted_clear)

/* Is the message from the member, and from nobody else, and may they write to these people?
 * FAULT_REFUSED: no. This may take some time, and needs no connection to the database. */
bool submitted_check(struct submitted *submitted, struct fault *fault);
/* Once it was checked; in one commit. *again_r: the same was sent before to the same people, which
 * is on record; nothing else was done. What the member must know is a permanent fault, or
 * FAULT_TOO_OFTEN. */
bool submitted_send(struct submitted *submitted, bool *again_r, struct fault *fault);

#endif
