/*
 * Group commit: batches that become ready while a commit is under way share the next one. For a
 * small batch, PostgreSQL spends most of its time on the surrounding transaction, and on each
 * statement; a group pays once for the transaction, and once for a statement that repeats, however
 * many rows it has.
 *
 * If many batches are expected, a commit waits a moment for them: each one takes longer than it
 * would alone, but all together are done sooner.
 *
 * A member keeps its statements in memory; a member that grows large gets a connection of its own
 * instead, so that memory stays bounded. If a group fails, that decides nothing for its members:
 * each is then tried alone.
 */
#ifndef POSTSEAL_CORE_GROUP_H
#define POSTSEAL_CORE_GROUP_H

#include <glib.h>

#include "core/fault.h"

struct database;
struct parameters;
struct statement;
struct member;

/* The members that are waiting for the next commit; part of a database. */
struct group {
	GMutex lock;
	GCond settled;	/* a commit has ended */
	GCond arrived;	/* a member has started to wait */
	GQueue waiting; /* struct member */
	bool leading;	/* a member is committing for all others */
	guint expected; /* batches that were announced */
};

void group_init(struct group *group);
void group_clear(struct group *group);

/* Announces a batch; the other call says that it is done or will not come. */
void group_expect(struct group *group);
void group_release(struct group *group);

struct member *member_new(struct database *database);
void member_free(struct member *member);
bool member_add(struct member *member, const struct statement *statement,
		const struct parameters *parameters, struct fault *fault);
/* Like batch_commit(); `sqlstate_r` (6 bytes) is PostgreSQL's code for a failure. */
bool member_commit(struct member *member, char *sqlstate_r, struct fault *fault);

#endif
