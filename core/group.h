/*
 * Group commit: batches that become ready while a commit is under way share the next one.
 * PostgreSQL spends most of what a small batch costs on the transaction around it, and on each
 * statement; a group pays for the transaction once, and for statements that repeat once for all
 * their rows.
 *
 * Where many batches are on their way, a commit waits a moment for them: each waits longer than it
 * would alone, and all together are done sooner.
 *
 * A member keeps its statements in memory; one that grows large goes to a connection of its own
 * instead, so that memory stays bounded. A group that fails is no answer for its members: each is
 * then tried alone.
 */
#ifndef POSTSEAL_CORE_GROUP_H
#define POSTSEAL_CORE_GROUP_H

#include <glib.h>

#include "core/fault.h"

struct database;
struct parameters;
struct statement;
struct member;

/* The members that wait for the next commit; part of a database. */
struct group {
	GMutex lock;
	GCond settled;	/* a commit has ended */
	GCond arrived;	/* a member has begun to wait */
	GQueue waiting; /* struct member */
	bool leading;	/* a member is committing for all */
	guint expected; /* batches on their way */
};

void group_init(struct group *group);
void group_clear(struct group *group);

/* A batch is on its way, or does not come any more. */
void group_expect(struct group *group);
void group_release(struct group *group);

struct member *member_new(struct database *database);
void member_free(struct member *member);
bool member_add(struct member *member, const struct statement *statement,
		const struct parameters *parameters, struct fault *fault);
/* As batch_commit(); `sqlstate_r` (6 bytes) says what PostgreSQL said of a failure. */
bool member_commit(struct member *member, char *sqlstate_r, struct fault *fault);

#endif
