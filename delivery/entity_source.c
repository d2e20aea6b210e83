#include "delivery/entity_source.h"

#include <string.h>

void
entity_source_init(struct entity_source *source, const struct message *message,
		   const struct group *group)
{
	*source = (struct entity_source){.header = payload_head(message, group),
					 .body = message->body};
}

void
entity_source_clear(struct entity_source *source)
{
	g_string_free(source->header, TRUE);
}

bool
entity_source_read(struct entity_source *source, void *data, size_t length, size_t *got_r,
		   struct fault *fault)
{
	if (source->at < source->header->len) {
		*got_r = MIN(length, source->header->len - (size_t)source->at);
		memcpy(data, source->header->str + source->at, *got_r);
	} else if (!spool_read(source->body, source->at - source->header->len, data, length, got_r,
			       fault)) {
		return false;
	}
	source->at += *got_r;
	return true;
}
