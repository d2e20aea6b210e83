#include "mail/entity_source.h"

#include <string.h>

void
entity_source_init(struct entity_source *source, const struct message *message,
		   const struct group *group)
{
	*source = (struct entity_source){.body = message->body};
	payload_init(&source->payload, message, group);
}

void
entity_source_clear(struct entity_source *source)
{
	payload_clear(&source->payload);
}

bool
entity_source_read(struct entity_source *source, void *data, size_t length, size_t *got_r,
		   struct fault *fault)
{
	const GString *head = source->payload.head;

	if (source->at < head->len) {
		*got_r = MIN(length, head->len - (size_t)source->at);
		memcpy(data, head->str + source->at, *got_r);
	} else if (!spool_read(source->body, source->payload.body_from + source->at - head->len,
			       data, length, got_r, fault)) {
		return false;
	}
	source->at += *got_r;
	return true;
}
