/*
 * The milter's answer: the result of dispatch becomes changes through libmilter, and a fault
 * becomes a reply.
 */
#ifndef POSTSEAL_MILTER_VERDICT_H
#define POSTSEAL_MILTER_VERDICT_H

#include <libmilter/mfapi.h>

#include "delivery/dispatch.h"

/* Turns the message that the MTA holds into the in-place variant, for that variant's recipients
 * only. */
sfsistat verdict_apply(SMFICTX *context, const struct dispatch *dispatch,
		       const struct message *message);
/* Refuses the message, temporarily or permanently. The sender is told about problems that the
 * sender can solve; ours go to the log. */
sfsistat verdict_refuse(SMFICTX *context, const struct fault *fault);

/* Lets the message go on unchanged, but without these recipients (struct recipient); 4xx if the MTA
 * does not accept that. */
sfsistat verdict_without(SMFICTX *context, const struct message *message,
			 const GPtrArray *recipients);

/* Lets the message go on with this field, which replaces all fields of that name; 4xx if the MTA
 * does not accept it. */
sfsistat verdict_note(SMFICTX *context, const struct message *message, const char *name,
		      const char *value);

#endif
