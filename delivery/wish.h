/*
 * How recipients with an account want to receive their mail, as they chose while signed in. A wish
 * only chooses among the methods that the rules allow.
 */
#ifndef POSTSEAL_DELIVERY_WISH_H
#define POSTSEAL_DELIVERY_WISH_H

#include <glib.h>

#include "core/database.h"

/* The wishes of a message's recipients, read with one statement when the first one is needed. */
struct wishes {
	struct database *database;
	GString *addresses; /* folded, each followed by a newline */
	GHashTable *found;  /* address to method; NULL: not read yet */
};

void wishes_init(struct wishes *wishes, struct database *database);
void wishes_clear(struct wishes *wishes);
typedef struct wishes wishes_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(wishes_auto, wishes_clear)
/* Call before the first wish is looked up. */
void wishes_add(struct wishes *wishes, const char *address);
/* *wish_r: the name of a method, or NULL for any; owned by `wishes`. */
bool wishes_find(struct wishes *wishes, const char *address, const char **wish_r,
		 struct fault *fault);

#endif
