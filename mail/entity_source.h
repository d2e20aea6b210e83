/*
 * The payload of a message (mail/entity.h), for libraries that read by themselves.
 */
#ifndef POSTSEAL_MAIL_ENTITY_SOURCE_H
#define POSTSEAL_MAIL_ENTITY_SOURCE_H

#include "mail/entity.h"

struct entity_source {
	struct payload payload;
	const struct spool *body;
	uint64_t at;
};

void entity_source_init(struct entity_source *source, const struct message *message,
			const struct group *group);
void entity_source_clear(struct entity_source *source);
bool entity_source_read(struct entity_source *source, void *data, size_t length, size_t *got_r,
			struct fault *fault);

#endif
