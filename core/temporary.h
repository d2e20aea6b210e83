/* A folder for programs of others, such as gpg, which is gone with all that is in it afterwards. */
#ifndef POSTSEAL_CORE_TEMPORARY_H
#define POSTSEAL_CORE_TEMPORARY_H

#include <glib.h>

#include "core/fault.h"

/* Its path, below TMPDIR, and only for us: "postseal-NAME.XXXXXX". NULL with `fault` filled. */
char *temporary_folder_new(const char *name, struct fault *fault);
/* NULL is none. */
void temporary_folder_free(char *path);
typedef char temporary_folder_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(temporary_folder_auto, temporary_folder_free)

#endif
