/* One asker's connection: its questions as they arrive, and the way back for the answers. */
#ifndef POSTSEAL_KEYSTORE_FINDER_ASKER_H
#define POSTSEAL_KEYSTORE_FINDER_ASKER_H

#include "keystore/finder/protocol.h"

struct asker;

/* Takes ownership of the descriptor, which must not block. */
struct asker *asker_new(int fd);
struct asker *asker_ref(struct asker *asker);
void asker_unref(struct asker *asker);
int asker_descriptor(const struct asker *asker);

/* Reads what has arrived and calls `asked` for each question, which takes ownership of it and must
 * call asker_answer() once. False when the asker is gone or does not keep to the protocol. */
bool asker_read(struct asker *asker,
		void (*asked)(struct asker *asker, const struct finder_asked *asked, void *context),
		void *context);
/* From any thread: sends the answer, unless the asker has left. */
void asker_answer(struct asker *asker, uint32_t number, const struct finder_answer *answer);
/* Too many questions of this asker are waiting: nothing more is to be read for now. */
bool asker_is_full(const struct asker *asker);
/* The asker has left. */
void asker_leave(struct asker *asker);
bool asker_has_left(const struct asker *asker);

#endif
