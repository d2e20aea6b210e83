/*
 * The value of a header field as mail programs may show it. RFC 2047 says how encoded words are
 * read; many programs also decode those that are malformed, and differ in how. What one of them
 * shows must not be hidden from a rule.
 */
#ifndef POSTSEAL_MAIL_ENCODED_WORDS_H
#define POSTSEAL_MAIL_ENCODED_WORDS_H

#include <stdbool.h>

#include "mail/reading_limit.h"

/* A reading: valid UTF-8 on one line, without invisible characters (text_as_seen()), every run of
 * blanks one blank. Returns false to stop. */
typedef bool reading_visit(void *visitor, const char *text);

/* The value unfolded and decoded, in the way of most programs: the first of the alternatives below.
 * Valid UTF-8; caller frees. (GMime 3.2.13 drops what follows the padding of the first of two
 * adjacent words in base64.) */
char *encoded_words_decode(const char *value);

/* Visits each way in which the value, folded or not, may be read, once. Where programs differ, what
 * they do counts, up to four such choices at once (two if it is longer than 2000 bytes, one if it
 * is longer than 20 000):
 *
 * - a word ends at the first "?=", or at the first that a blank follows, or with the value; a
 *   question mark in it makes it plain text, or not;
 * - base64 continues after padding, which ends a group or does not, and after whatever is not
 *   base64, or it ends there; "-" and "_" are skipped, or are those of RFC 4648 §5; padding may be
 *   missing;
 * - an underscore is a blank, or stays;
 * - the character set is as said, also with a language (RFC 2231 §5), or is disregarded; where the
 *   bytes contradict it, or nothing is said, it is guessed, or not (charset.h);
 * - adjacent words are converted together, or one by one; with the blank between them, or without;
 * - folds and tabs are blanks, or nothing;
 * - what is decoded is decoded once more.
 *
 * Words need no blanks around them, may be of any length, and may contain blanks and 8-bit text.
 * Returns false if it was stopped, by `visit` or by the limit. */
bool encoded_words_each(const char *value, struct reading_limit *limit, reading_visit *visit,
			void *visitor);

#endif
