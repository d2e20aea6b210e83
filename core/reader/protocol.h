/*
 * The protocol between a program and postseal-reader over a stream socket: a request and the bytes
 * of a document, then a reply and the bytes of the result. Both ends come from the same build. A
 * process reads one document and ends.
 */
#ifndef POSTSEAL_CORE_READER_PROTOCOL_H
#define POSTSEAL_CORE_READER_PROTOCOL_H

#include <stdint.h>

enum {
	READER_FORMAT_MAX = 24,		       /* of a format's name, including its NUL */
	READER_DOCUMENT_MAX = 4 * 1024 * 1024, /* bytes of a document */
	READER_ANSWER_MAX = 8 * 1024 * 1024,   /* bytes of an answer */
};

enum reader_outcome {
	READER_DONE,
	READER_NO_FORMAT,     /* the format is not known */
	READER_TOO_LARGE,     /* the document, or what would result from it */
	READER_TOO_DEEP,      /* nested more deeply than real documents are */
	READER_TOO_MUCH_WORK, /* takes more time than a document of its size may */
	READER_TOO_MUCH_MEMORY,
	READER_OUTCOMES
};

struct reader_request {
	char format[READER_FORMAT_MAX];
	uint32_t length;
};

struct reader_answer {
	uint32_t outcome;
	uint32_t length; /* 0 unless the outcome is READER_DONE */
};

#endif
