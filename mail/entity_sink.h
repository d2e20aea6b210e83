/*
 * Takes a MIME entity apart that was sealed: its header fields, and its body as it can travel in a
 * mail. Lines end with CRLF afterwards; a body in binary is in base64.
 */
#ifndef POSTSEAL_MAIL_ENTITY_SINK_H
#define POSTSEAL_MAIL_ENTITY_SINK_H

#include "mail/disturbance.h"
#include "mail/message.h"

struct entity_sink {
	struct sink sink;
	struct message *message;
	struct base64_sink binary; /* writes to the body, for an entity in binary */
	bool is_binary;
	bool in_body, after_cr;
	uint64_t header_max;
	GString *line, *field; /* of the header, as far as they are read */
	/* Its cipher does not authenticate it: set after entity_sink_init(). */
	bool is_suspect;
	struct disturbance disturbance;
};

/* `message` is empty, without an envelope, and gets the fields and the body. What is not an entity
 * with a Content-Type, or has a header of more than `header_max` bytes, is FAULT_INPUT. */
void entity_sink_init(struct entity_sink *entity, struct message *message, uint64_t header_max);
void entity_sink_clear(struct entity_sink *entity);
/* After the end, of what is suspect: was it changed while it was encrypted, as far as that can be
 * told (mail/disturbance.h)? Content in binary counts as changed unless it says that it is a CMS
 * structure, which has to be looked at. */
bool entity_sink_is_disturbed(struct entity_sink *entity);

#endif
