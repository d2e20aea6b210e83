/*
 * Messages that were not taken otherwise than by a rule: a limit, a loop, something that does not
 * work, a rule that cannot be answered. They are on record, too, with the reason, so that whoever
 * asks later what became of one finds it.
 */
#ifndef POSTSEAL_MILTER_UNTAKEN_H
#define POSTSEAL_MILTER_UNTAKEN_H

#include "core/database.h"
#include "mail/message.h"

/* Puts it down, if the database can be asked; what goes wrong is logged. Each offer stands by
 * itself. */
void untaken_note(struct database *database, const struct message *message,
		  const struct fault *why);

#endif
