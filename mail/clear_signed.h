/*
 * Text that is signed in clear (RFC 9580 §7). A program that shows the message shows also what
 * stands around the signed text, and in the lines before it: a signature counts only if there is
 * nothing else.
 */
#ifndef POSTSEAL_MAIL_CLEAR_SIGNED_H
#define POSTSEAL_MAIL_CLEAR_SIGNED_H

#include <gmime/gmime.h>

enum clear_signed {
	CLEAR_SIGNED_NOT,
	CLEAR_SIGNED_WHOLE, /* one signed text with its signature, and nothing else */
	CLEAR_SIGNED_PART   /* something else stands around it or in it */
};

/* Adds the armored signature to `signature`, its lines ending with LF. Reads to the end; a failed
 * read looks like an end, so ask the stream afterwards (mime_stream.h). */
enum clear_signed clear_signed_find(GMimeStream *text, GString *signature);

#endif
