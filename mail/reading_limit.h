/*
 * How much of what programs may read in a message is looked at: in fields that they decode
 * differently (encoded_words.h), in names within names (file_names.h, zip.h). What was made for it
 * has thousands of readings.
 */
#ifndef POSTSEAL_MAIL_READING_LIMIT_H
#define POSTSEAL_MAIL_READING_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/fault.h"

/* A message with a hundred attachments, all of them with names in some national character set, has
 * a tenth of this. */
enum { READINGS_BYTES = 8 * 1024 * 1024 };

struct reading_limit {
	size_t left; /* bytes */
	bool is_reached;
};

/* False: it is reached. NULL is no limit. */
bool reading_limit_take(struct reading_limit *limit, size_t bytes);
/* Afterwards: has everything been looked at? */
bool reading_limit_is_kept(const struct reading_limit *limit, struct fault *fault);

#endif
