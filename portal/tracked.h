/*
 * What the link to a message's page for its sender leads to: the message, and its copies that went
 * by pickup.
 */
#ifndef POSTSEAL_PORTAL_TRACKED_H
#define POSTSEAL_PORTAL_TRACKED_H

#include "portal/request.h"

struct tracked {
	struct identifier message;
	const char *secret; /* of the link; it lives as long as the request's path */
	char *sender;
	gint64 at;
	PGresult *copies;
};

/* Columns of the copies. */
enum tracked_column {
	TRACKED_COPY,
	TRACKED_RECIPIENT,
	TRACKED_STATE,
	TRACKED_STATE_AT,
	TRACKED_KEY, /* null: it does not wait any more */
	TRACKED_IS_UNREAD,
	TRACKED_CAN_RENEW,
	TRACKED_IS_TRUSTED,
	TRACKED_ADDRESS,
	TRACKED_SUBJECT,
};

/* *found_r: the secret in the request's path is that of a link. Clear it in either case. */
bool tracked_find(struct request *request, struct tracked *tracked_r, bool *found_r,
		  struct fault *fault);
void tracked_clear(struct tracked *tracked);
typedef struct tracked tracked_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(tracked_auto, tracked_clear)

/* NULL: it is not known any more, as nothing waits that its sender could act on. Caller frees. */
char *tracked_subject(const struct tracked *tracked);

#endif
