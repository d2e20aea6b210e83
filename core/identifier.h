/*
 * Identifiers of rows: UUID version 7 (RFC 9562 §5.7), made here and not by the database, so that
 * rows that refer to each other can be sent in one batch. They sort by time.
 */
#ifndef POSTSEAL_CORE_IDENTIFIER_H
#define POSTSEAL_CORE_IDENTIFIER_H

#include <stdbool.h>
#include <stdint.h>

enum { IDENTIFIER_LENGTH = 36 };

struct identifier {
	char text[IDENTIFIER_LENGTH + 1];
};

void identifier_make(struct identifier *identifier);
/* Reads 8-4-4-4-12 hexadecimal digits; false for anything else. */
bool identifier_parse(struct identifier *identifier, const char *text);
/* When it was made, by its maker's clock: seconds since 1970. */
int64_t identifier_time(const struct identifier *identifier);

#endif
