/*
 * Does work as another system user, in a process of its own that cannot become root again.
 */
#ifndef POSTSEAL_ADMIN_AS_USER_H
#define POSTSEAL_ADMIN_AS_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/fault.h"

struct as_user {
	const char *user;      /* with the user's groups */
	const char *directory; /* where the work is done; NULL: "/" */
	bool is_chroot;	       /* the directory is all that the process sees */
	unsigned seconds;      /* the limit; 0: as long as it takes */
};

typedef bool as_user_work(void *context, struct fault *fault);

/* What the process writes to the `length` bytes at `answer` (at most a few hundred) is available to
 * the caller too; everything else that it changes is lost. Only root can become another user: for
 * anyone else, the work is done as that user. */
bool as_user(const struct as_user *who, as_user_work *work, void *context, void *answer,
	     size_t length, struct fault *fault);

#endif
