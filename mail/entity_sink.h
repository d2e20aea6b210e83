/*
 * Takes a MIME entity apart that was sealed: its header fields, and its body as it can travel in a
 * mail. Lines end with CRLF afterwards; a body in binary is in base64.
 */
#ifndef POSTSEAL_MAIL_ENTITY_SINK_H
#define POSTSEAL_MAIL_ENTITY_SINK_H

#include "mail/message.h"

struct entity_sink {
	struct sink sink;
	struct message *message;
	struct base64_sink binary; /* writes to the body, for an entity in binary */
	bool is_binary;
	bool in_body, after_cr;
	uint64_t header_max;
	GString *line, *field; /* of the header, as far as they are read */
	/* what suggests that the text was changed while it was encrypted */
	bool has_control, has_high_control, is_not_utf8;
	unsigned continued; /* bytes of a UTF-8 character that are still to come */
	/* does the Content-Type of it or of a part name a charset other than UTF-8? */
	bool names_charset, is_in_type;
	GString *start; /* of the current line */
};

/* `message` is empty, without an envelope, and gets the fields and the body. What is not an entity
 * with a Content-Type, or has a header of more than `header_max` bytes, is FAULT_INPUT. */
void entity_sink_init(struct entity_sink *entity, struct message *message, uint64_t header_max);
void entity_sink_clear(struct entity_sink *entity);
/* After the end: does the text hold what nobody writes? A cipher without authentication (CBC) lets
 * anybody change blocks of 16 bytes, but only at the price of blocks of random bytes beside them
 * (EFAIL). One in seventy of those is text in some charset of single bytes, so that such text
 * counts only where a charset is named; one in some hundred thousand is UTF-8. Binary content
 * counts as disturbed, unless it is a CMS structure. */
bool entity_sink_is_disturbed(const struct entity_sink *entity);

#endif
