/* Check digits of identification numbers. */
#ifndef POSTSEAL_POLICY_DETECTOR_CHECKSUM_H
#define POSTSEAL_POLICY_DETECTOR_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_WEIGHTS_MAX = 40 };

struct checksum {
	/* NULL: there is none, and everything is right. `text` has digits and letters only. */
	bool (*is_right)(const struct checksum *checksum, const char *text, size_t length);
	/* The digits, each multiplied by its weight, add up to a multiple of the modulus. */
	uint64_t weights[CHECKSUM_WEIGHTS_MAX], modulus;
	size_t count;
};

/* ISO/IEC 7812-1, annex B. */
bool checksum_luhn(const struct checksum *checksum, const char *text, size_t length);
/* ISO/IEC 7064, MOD 97-10. Two letters and two digits at the beginning count as the end, as in an
 * IBAN (ISO 13616-1) or a creditor reference (ISO 11649). */
bool checksum_iban(const struct checksum *checksum, const char *text, size_t length);
/* The same, or as it stands, where it is as long as a legal entity identifier (ISO 17442-1), which
 * may begin with a country by chance. */
bool checksum_mod97(const struct checksum *checksum, const char *text, size_t length);
/* GS1 General Specifications 7.9, 13 digits. */
bool checksum_ean13(const struct checksum *checksum, const char *text, size_t length);
/* With modulus 11, the last digit may be X, which is 10. */
bool checksum_weights(const struct checksum *checksum, const char *text, size_t length);

#endif
