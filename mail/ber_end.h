/*
 * Where a structure in BER ends (X.690 §8.1), in pieces as it comes: what stands behind it belongs
 * to nobody, and everybody can read it.
 */
#ifndef POSTSEAL_MAIL_BER_END_H
#define POSTSEAL_MAIL_BER_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero before the first piece. */
struct ber_end {
	unsigned char header[16]; /* identifier and length, as much as is known of them */
	size_t header_length;
	uint64_t left;	/* of contents that are passed over */
	unsigned depth; /* of structures whose length is indefinite */
	bool has_ended, is_broken;
};

void ber_end_step(struct ber_end *end, const void *data, size_t length);
/* After the last piece: was that the end, neither less nor more? */
bool ber_end_is_here(const struct ber_end *end);

#endif
