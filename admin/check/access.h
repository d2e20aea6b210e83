/*
 * What a system user may do with a file, according to owner, group and mode of the file and of the
 * directories on its path, without becoming that user.
 */
#ifndef POSTSEAL_ADMIN_CHECK_ACCESS_H
#define POSTSEAL_ADMIN_CHECK_ACCESS_H

#include <pwd.h>
#include <stdbool.h>

#include "core/fault.h"

bool access_has_group(const struct passwd *user, gid_t group);
/* `wanted` is a combination of R_OK, W_OK and X_OK. The fault says at which directory access ends.
 */
bool access_of_user(const char *user, const char *path, int wanted, struct fault *fault);

#endif
