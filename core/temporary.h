/* A folder for other programs, such as gpg; it is removed afterwards, with everything in it. */
#ifndef POSTSEAL_CORE_TEMPORARY_H
#define POSTSEAL_CORE_TEMPORARY_H

#include <glib.h>

#include "core/fault.h"

/* Creates the folder below TMPDIR, accessible only to us: "postseal-NAME.XXXXXX". NULL with `fault`
 * filled. */
char *temporary_folder_new(const char *name, struct fault *fault);
/* Accepts NULL. */
void temporary_folder_free(char *path);
typedef char temporary_folder_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(temporary_folder_auto, temporary_folder_free)

#endif
