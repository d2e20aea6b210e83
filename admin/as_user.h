/*
 * Work that is done by another system user, in a process of its own that cannot become root again.
 */
#ifndef POSTSEAL_ADMIN_AS_USER_H
#define POSTSEAL_ADMIN_AS_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/fault.h"

struct as_user {
	const char *user;      /* with its groups */
	const char *directory; /* where the work is done; NULL: "/" */
	bool is_chroot;	       /* the directory is all that it sees */
	unsigned seconds;      /* at most; 0: as long as it takes */
};

typedef bool as_user_work(void *context, struct fault *fault);

/* What the process writes to the `length` bytes at `answer` (some hundred at most) is there for the
 * caller as well; all else that it changes is lost. Only root can become somebody else: for others
 * the work is done as they are. */
bool as_user(const struct as_user *who, as_user_work *work, void *context, void *answer,
	     size_t length, struct fault *fault);

#endif
