/*
 * Work that is done by another system user, in a process of its own that cannot become root again.
 */
#ifndef POSTSEAL_ADMIN_SETUP_AS_USER_H
#define POSTSEAL_ADMIN_SETUP_AS_USER_H

#include "admin/setup/step.h"

typedef bool setup_work(struct setup *setup, const void *context, struct fault *fault);

/* Runs `work` as the user; what it says and leaves counts as if we had said it. */
bool as_user(const char *user, struct setup *setup, setup_work *work, const void *context,
	     struct fault *fault);

#endif
