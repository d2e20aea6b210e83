/*
 * OpenPGP as text (ASCII armor, RFC 9580 §6.2).
 */
#ifndef POSTSEAL_MAIL_ARMOR_H
#define POSTSEAL_MAIL_ARMOR_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Is the text nothing but encrypted messages in armor? Blanks around them do not matter; a word
 * outside, header lines that are unknown or long, or packets that are not encrypted
 * (pgp_packets.h), are read by everybody. Reads to the end, where a failed read looks like an end:
 * ask the stream (mime_stream.h). */
bool armor_is_all_encrypted(GMimeStream *text);

#endif
