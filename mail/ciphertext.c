#include "mail/ciphertext.h"

enum {
	BLOCK_BYTES = 256,
	JUDGED_BYTES = 64, /* what is left at the end is judged from here on */
	DEVIATIONS = 12,   /* from the number of pairs that is expected */
};

/* Pairs of equal bytes: n (n - 1) / 512 are expected of n random bytes, with a variance of about as
 * many. All figures are multiplied by 512. */
static bool
has_too_many_pairs(const struct ciphertext *ciphertext)
{
	int64_t expected = (int64_t)ciphertext->bytes * (ciphertext->bytes - 1), pairs = 0, excess;

	for (unsigned byte = 0; byte < 256; byte++)
		pairs += (int64_t)ciphertext->counts[byte] * (ciphertext->counts[byte] - 1) / 2;
	excess = 512 * pairs - expected;
	return excess > 0 && excess * excess > (int64_t)DEVIATIONS * DEVIATIONS * 512 * expected;
}

void
ciphertext_step(struct ciphertext *ciphertext, const void *data, size_t length)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < length; i++) {
		ciphertext->counts[at[i]]++;
		if (++ciphertext->bytes < BLOCK_BYTES)
			continue;
		*ciphertext = (struct ciphertext){.is_readable = ciphertext->is_readable ||
								 has_too_many_pairs(ciphertext)};
	}
}

bool
ciphertext_is_plausible(const struct ciphertext *ciphertext)
{
	return !ciphertext->is_readable &&
	       (ciphertext->bytes < JUDGED_BYTES || !has_too_many_pairs(ciphertext));
}
