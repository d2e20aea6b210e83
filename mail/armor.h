/*
 * OpenPGP as text (ASCII armor, RFC 9580 §6.2).
 */
#ifndef POSTSEAL_MAIL_ARMOR_H
#define POSTSEAL_MAIL_ARMOR_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "core/sink.h"

/* Does the text consist only of encrypted messages in armor? Blanks around them do not matter.
 * Words outside the armor, unknown or long header lines, and packets that are not encrypted
 * (pgp_packets.h) can be read by anybody, so the answer is then no. Reads to the end; a failed read
 * looks like an end, so ask the stream afterwards (mime_stream.h). */
bool armor_is_all_encrypted(GMimeStream *text);
/* Writes the packets to the sink, without finishing it, if that is so and there is one message.
 * Otherwise FAULT_INPUT, unless the sink failed; some packets may have been written. */
bool armor_take_encrypted(GMimeStream *text, struct sink *sink, struct fault *fault);

#endif
