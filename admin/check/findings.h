/*
 * What was found: printed at once, a line each, for people; at the end, with --json, as rows.
 */
#ifndef POSTSEAL_ADMIN_CHECK_FINDINGS_H
#define POSTSEAL_ADMIN_CHECK_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

enum verdict { GOOD, WARNING, WRONG };

struct findings {
	json_t *rows; /* NULL: for people */
	bool wrong;   /* something was */
};

/* `text` may be NULL. */
void findings_add(struct findings *findings, const char *look, enum verdict verdict,
		  const char *text);
/* Prints what is still to be printed; returns an exit status. */
int findings_end(struct findings *findings);

#endif
