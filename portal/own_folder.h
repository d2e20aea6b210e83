/*
 * A member's own folders, for messages that were received or sent. Their names are sealed by a key
 * of the account.
 */
#ifndef POSTSEAL_PORTAL_OWN_FOLDER_H
#define POSTSEAL_PORTAL_OWN_FOLDER_H

#include <glib.h>

#include "core/database.h"
#include "portal/session.h"

enum {
	OWN_FOLDERS_MAX = 50,	  /* of one member */
	OWN_FOLDER_NAME_MAX = 60, /* characters */
};

struct own_folder {
	struct identifier id;
	char *name; /* UTF-8, one line */
};

/* struct own_folder by name; NULL with `fault` filled. */
GPtrArray *own_folder_all(struct connection *connection, const struct session *session,
			  struct fault *fault);
/* NULL: there is none with this identifier, or it is somebody else's. */
const struct own_folder *own_folder_find(const GPtrArray *folders, const char *id);

/* As it will be shown; longer names are cut. "": there is none. Caller frees. */
char *own_folder_name(const char *typed);
/* *has_room_r false: the member has as many as allowed. */
bool own_folder_create(struct connection *connection, const struct session *session,
		       const char *name, bool *has_room_r, struct fault *fault);
/* These do nothing to a folder that is not this member's. */
bool own_folder_rename(struct connection *connection, const struct session *session, const char *id,
		       const char *name, struct fault *fault);
/* The messages in it are where they were before. */
bool own_folder_delete(struct connection *connection, const struct session *session, const char *id,
		       struct fault *fault);
/* Files a message of this member's; `folder` NULL: takes it out. In the open batch. */
bool own_folder_file(struct connection *connection, const struct session *session, const char *id,
		     const char *folder, struct fault *fault);

#endif
