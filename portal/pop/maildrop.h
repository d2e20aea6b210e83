/*
 * What a mail client sees of a mailbox: the messages that were received, as they were when it
 * signed in, and which of them it wants deleted.
 */
#ifndef POSTSEAL_PORTAL_POP_MAILDROP_H
#define POSTSEAL_PORTAL_POP_MAILDROP_H

#include <glib.h>

#include "core/database.h"
#include "core/identifier.h"
#include "portal/account.h"

enum { MAILDROP_MAX = 50000 }; /* messages; the others are there when some of these are deleted */

struct maildrop_message {
	struct identifier id; /* of the parcel key: it is what UIDL says */
	uint64_t size;	      /* bytes, as they are sent, but without dots that are put in */
	bool is_deleted;
};

struct maildrop {
	GArray *messages; /* struct maildrop_message, the oldest first */
};

/* Clear it in either case. */
bool maildrop_read(struct connection *connection, const struct account *account,
		   struct maildrop *maildrop_r, struct fault *fault);
void maildrop_clear(struct maildrop *maildrop);

/* By its number, from 1; NULL: there is none, or it is deleted. */
struct maildrop_message *maildrop_find(const struct maildrop *maildrop, unsigned long number);
/* Those that are not deleted. */
void maildrop_count(const struct maildrop *maildrop, unsigned long *count_r, uint64_t *bytes_r);
void maildrop_restore(struct maildrop *maildrop);

#endif
