/*
 * What a program and postseal-reader say to each other over a stream socket: a request and the
 * bytes of a document, then an answer and the bytes of what was made of it. Both ends are of one
 * build. A process reads one document and ends.
 */
#ifndef POSTSEAL_CORE_READER_PROTOCOL_H
#define POSTSEAL_CORE_READER_PROTOCOL_H

#include <stdint.h>

enum {
	READER_FORMAT_MAX = 24,		       /* of a format's name, with its NUL */
	READER_DOCUMENT_MAX = 4 * 1024 * 1024, /* bytes that are looked at */
	READER_ANSWER_MAX = 8 * 1024 * 1024,   /* bytes that are made of them */
};

enum reader_outcome {
	READER_DONE,
	READER_NO_FORMAT,     /* it does not know the format */
	READER_TOO_LARGE,     /* the document, or what would be made of it */
	READER_TOO_DEEP,      /* nested deeper than anybody writes */
	READER_TOO_MUCH_WORK, /* more time than its size is worth */
	READER_TOO_MUCH_MEMORY,
	READER_OUTCOMES
};

struct reader_request {
	char format[READER_FORMAT_MAX];
	uint32_t length;
};

struct reader_answer {
	uint32_t outcome;
	uint32_t length; /* 0 but for READER_DONE */
};

#endif
