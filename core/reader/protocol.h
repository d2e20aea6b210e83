/*
 * The protocol between a program and postseal-reader over a stream socket: a request and the bytes
 * of a document, then a reply and the bytes of the result. Before the reply, some formats send what
 * they find piece by piece, each like a reply with the kind of the piece in place of an outcome.
 * Both ends come from the same build. A process reads one document and ends.
 */
#ifndef POSTSEAL_CORE_READER_PROTOCOL_H
#define POSTSEAL_CORE_READER_PROTOCOL_H

#include <stdint.h>

enum {
	READER_FORMAT_MAX = 24,		       /* of a format's name, including its NUL */
	READER_DOCUMENT_MAX = 4 * 1024 * 1024, /* bytes of a page */
	READER_OFFICE_MAX = 64 * 1024 * 1024,  /* bytes of an archive or office document */
	READER_PREVIEW_MAX = 16 * 1024 * 1024, /* bytes of what a preview is made of */
	READER_ANSWER_MAX = 8 * 1024 * 1024,   /* bytes of an answer */
	READER_PIECE_MAX = 64 * 1024,	       /* bytes of a piece */
	READER_PIECES_MAX = 256 * 1024 * 1024, /* bytes of all pieces */
};

enum reader_outcome {
	READER_DONE,
	READER_NO_FORMAT,     /* the format is not known */
	READER_TOO_LARGE,     /* the document, or what would result from it */
	READER_TOO_DEEP,      /* nested more deeply than real documents are */
	READER_TOO_MUCH_WORK, /* takes more time than a document of its size may */
	READER_TOO_MUCH_MEMORY,
	READER_TOO_MANY, /* holds more files, or is made of more parts, than are looked into */
	READER_DAMAGED,	 /* is not what it should be, or lacks something */
	READER_OUTCOMES
};

enum reader_piece {
	READER_TEXT = 64, /* UTF-8, as a reader sees it; may end within a character */
	READER_NAME,	  /* of a file within the document, UTF-8 */
	READER_FILE,	  /* the same, and its content follows */
	READER_CONTENT,	  /* bytes of the file whose name came last */
	/* Something in the document cannot be read: why, worded to follow "the part", or, in the
	 * second case, why neither its text nor the names of files in it can be read. */
	READER_OPAQUE_TEXT,
	READER_OPAQUE_FILES,
	READER_UNPACKS, /* a uint64_t: bytes to which the document claims to unpack */
	READER_PIECE_KINDS
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
