/*
 * The milter's answer: what dispatch made of a message becomes changes through libmilter, and a
 * fault becomes a reply.
 */
#ifndef POSTSEAL_MILTER_VERDICT_H
#define POSTSEAL_MILTER_VERDICT_H

#include <libmilter/mfapi.h>

#include "delivery/dispatch.h"

/* Makes the message that the MTA holds the variant for in place, for its recipients only. */
sfsistat verdict_apply(SMFICTX *context, const struct dispatch *dispatch,
		       const struct message *message);
/* Refuses the message, for now or for good. The sender is told the sentence of what is theirs
 * to mend; what is ours is in the log. */
sfsistat verdict_refuse(SMFICTX *context, const struct fault *fault);

/* Lets the message go on as it is, without these recipients (struct recipient); 4xx where the MTA
 * does not take that. */
sfsistat verdict_without(SMFICTX *context, const struct message *message,
			 const GPtrArray *recipients);

/* Lets the message go on with this field, in place of all of that name; 4xx where the MTA does not
 * take it. */
sfsistat verdict_note(SMFICTX *context, const struct message *message, const char *name,
		      const char *value);

#endif
