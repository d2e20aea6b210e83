/*
 * What a system user may do with a file, according to owner, group and mode on the way to it,
 * without becoming that user.
 */
#ifndef POSTSEAL_ADMIN_CHECK_ACCESS_H
#define POSTSEAL_ADMIN_CHECK_ACCESS_H

#include <pwd.h>
#include <stdbool.h>

#include "core/fault.h"

bool access_has_group(const struct passwd *user, gid_t group);
/* `wanted` is a sum of R_OK, W_OK and X_OK. The fault says where the way ends. */
bool access_of_user(const char *user, const char *path, int wanted, struct fault *fault);

#endif
