#include "mail/reading_limit.h"

#include <glib.h>

bool
reading_limit_take(struct reading_limit *limit, size_t bytes)
{
	if (limit == NULL)
		return true;
	limit->is_reached |= bytes > limit->left;
	limit->left -= MIN(bytes, limit->left);
	return !limit->is_reached;
}

bool
reading_limit_is_kept(const struct reading_limit *limit, struct fault *fault)
{
	return !limit->is_reached ||
	       fault_set(fault, FAULT_INPUT,
			 "The message has header fields that programs may read in too many ways.");
}
