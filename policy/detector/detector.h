/*
 * Detectors: what postseal.conf(5) can look for in text by name. Some are built in (numbers.h);
 * others are regular expressions in the file, with a checksum.
 */
#ifndef POSTSEAL_POLICY_DETECTOR_DETECTOR_H
#define POSTSEAL_POLICY_DETECTOR_DETECTOR_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "policy/detector/checksum.h"
#include "policy/detector/numbers.h"

struct detector {
	char *name;
	guint index;	    /* among the detectors of the file, and the built-in ones */
	enum number number; /* NUMBER_KINDS: none of the built-in ones, but `regex` */
	pcre2_code *regex;
	pcre2_code *plain; /* the same for text without other digits than those of ASCII
			      (policy/plain_digits.h); NULL: that is no faster */
	struct checksum checksum;
	uint64_t at_least; /* where a condition does not say how many */
	bool is_used;	   /* by a condition */
};

/* The built-in ones; others are added behind them. */
GPtrArray *detectors_new(void);
/* Adds a detector; the expression and the checksum are set by the caller. */
struct detector *detectors_add(GPtrArray *detectors, const char *name);
/* NULL: there is none. */
struct detector *detectors_find(const GPtrArray *detectors, const char *name);

/* Which built-in detector finds the same as this expression, but checks what it finds? NULL: none.
 * `example_r` is what the expression takes for such a number, though it is none. */
const struct detector *detectors_imitated(const GPtrArray *detectors, const pcre2_code *regex,
					  const char **example_r);

#endif
