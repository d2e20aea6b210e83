/*
 * How recipients who have an account want their mail, said while signed in. A wish only ever
 * chooses among what the rules allow.
 */
#ifndef POSTSEAL_DELIVERY_WISH_H
#define POSTSEAL_DELIVERY_WISH_H

#include <glib.h>

#include "core/database.h"

/* The wishes of a message's recipients, read with one statement when the first is asked for. */
struct wishes {
	struct database *database;
	GString *addresses; /* folded, each followed by a newline */
	GHashTable *found;  /* address to method; NULL: not read yet */
};

void wishes_init(struct wishes *wishes, struct database *database);
void wishes_clear(struct wishes *wishes);
typedef struct wishes wishes_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wishes_auto, wishes_clear)
/* Before the first wish is asked for. */
void wishes_add(struct wishes *wishes, const char *address);
/* *wish_r: a method's name, or NULL for any; belongs to `wishes`. */
bool wishes_find(struct wishes *wishes, const char *address, const char **wish_r,
		 struct fault *fault);

#endif
