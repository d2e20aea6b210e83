/*
 * What a program's user can do with a file, tried as that user: more than owner, group and mode can
 * matter (an ACL, a file system that is full or mounted read-only, a certificate's key). Only root
 * can try; for anyone else, everything is assumed to work.
 */
#ifndef POSTSEAL_ADMIN_CHECK_TRIED_H
#define POSTSEAL_ADMIN_CHECK_TRIED_H

#include "admin/as_user.h"

/* Does the given work as a program's user, for half a minute at most. */
bool tried_work(const char *user, as_user_work *work, void *context, void *answer, size_t length,
		struct fault *fault);

bool tried_read(const char *user, const char *path, struct fault *fault);
/* Creates a file in the directory, unlinks it, and writes to it. */
bool tried_fill(const char *user, const char *directory, struct fault *fault);

#endif
