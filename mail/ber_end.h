/*
 * Finds where a BER structure ends (X.690 §8.1), reading it piece by piece: bytes that follow the
 * structure belong to nothing, and anybody can read them.
 */
#ifndef POSTSEAL_MAIL_BER_END_H
#define POSTSEAL_MAIL_BER_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Initialise to zero. */
struct ber_end {
	unsigned char header[16]; /* identifier and length, as far as they have been read */
	size_t header_length;
	uint64_t left;	/* bytes of contents still to be skipped */
	unsigned depth; /* nested structures of indefinite length */
	bool has_ended, is_broken;
};

void ber_end_step(struct ber_end *end, const void *data, size_t length);
/* After the last piece: did the structure end exactly there? */
bool ber_end_is_here(const struct ber_end *end);

#endif
