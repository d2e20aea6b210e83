/*
 * The internals of batches (database.h): a statement for several rows at once, for group.c.
 */
#ifndef POSTSEAL_CORE_BATCH_H
#define POSTSEAL_CORE_BATCH_H

#include "core/database.h"

/* The SQL of a statement that `repeats`, for `rows` rows; the parameters of each row follow those
 * of the previous one. Caller frees. */
char *statement_for_rows(const struct statement *statement, unsigned rows);

/* Like batch_add(), with the parameters of `rows` rows, `count` in all. */
bool batch_add_rows(struct connection *connection, const struct statement *statement, unsigned rows,
		    int count, const char *const *values, const int *lengths, const int *formats,
		    struct fault *fault);

#endif
