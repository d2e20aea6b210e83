#include "core/temporary.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

enum { DESCRIPTORS = 8 };

char *
temporary_folder_new(const char *name, struct fault *fault)
{
	g_autofree char *pattern = g_strdup_printf("postseal-%s.XXXXXX", name);
	char *path = g_dir_make_tmp(pattern, NULL);

	if (path == NULL)
		fault_set(fault, FAULT_STORAGE, "making a temporary folder in %s failed",
			  g_get_tmp_dir());
	return path;
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path) == 0 || access(path, F_OK) != 0 ? 0 : -1;
}

void
temporary_folder_free(char *path)
{
	if (path != NULL)
		nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
	g_free(path);
}
