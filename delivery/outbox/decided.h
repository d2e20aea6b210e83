/*
 * What was decided, and for whom: written together with what is handed to the MTA, and read if the
 * MTA offers a mail in the second pass that was never in the first (milter/known.h).
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_DECIDED_H
#define POSTSEAL_DELIVERY_OUTBOX_DECIDED_H

#include "core/database.h"
#include "mail/imprint.h"

struct decided {
	char *address; /* folded */
	char *kind;    /* as in struct outbox_mail */
	bool verified;
	char *copy;    /* its identifier in the log; NULL: none, or not of a user's message */
	char *message; /* that it is a copy of; only as found */
};

/* Adds to the open batch. `lifetime`: seconds for which the MTA may have the mail. */
bool decided_note(struct connection *connection, const unsigned char imprint[IMPRINT_BYTES],
		  const struct decided *decided, uint64_t lifetime, struct fault *fault);
/* struct decided, freed by the array; empty if nothing is known. */
GPtrArray *decided_find(struct connection *connection, const unsigned char imprint[IMPRINT_BYTES],
			struct fault *fault);

#endif
