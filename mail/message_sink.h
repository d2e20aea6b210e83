/*
 * Reads a message that passes through a sink, header and body, into a struct message without an
 * envelope. Fields and body keep their bytes.
 */
#ifndef POSTSEAL_MAIL_MESSAGE_SINK_H
#define POSTSEAL_MAIL_MESSAGE_SINK_H

#include "core/sink.h"
#include "mail/message.h"

struct message_sink {
	struct sink sink;
	struct message *message;
	GString *line;	/* of the header, as far as it has come */
	GString *field; /* message_add_header_line() */
	bool in_body;
};

/* Finish it after the last byte: false if there was no whole header. */
void message_sink_init(struct message_sink *reader, struct message *message);
void message_sink_clear(struct message_sink *reader);

#endif
