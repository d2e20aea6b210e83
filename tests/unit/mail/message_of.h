/*
 * Makes a message from text, for tests: header fields, an empty line, the body. Lines end with
 * CRLF.
 */
#ifndef POSTSEAL_TESTS_UNIT_MAIL_MESSAGE_OF_H
#define POSTSEAL_TESTS_UNIT_MAIL_MESSAGE_OF_H

#include <stdio.h>
#include <string.h>

#include "mail/message.h"

static inline struct message *
message_of_bytes(const void *text, size_t length)
{
	static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 26};
	struct message *message = message_new(&in_memory);
	FILE *file = fmemopen((void *)text, length, "r");
	struct fault fault;

	assert_true(message_set_sender(
		message, &(struct envelope_argument){.path = "<anna@example.com>"}, &fault));
	assert_non_null(file);
	assert_true(message_read(message, file, &fault));
	fclose(file);
	return message;
}

static inline struct message *
message_of(const char *text)
{
	return message_of_bytes(text, strlen(text));
}

#endif
