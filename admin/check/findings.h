/*
 * The findings: printed immediately, one line each, for people; or at the end, with --json, as
 * rows.
 */
#ifndef POSTSEAL_ADMIN_CHECK_FINDINGS_H
#define POSTSEAL_ADMIN_CHECK_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>

enum verdict { GOOD, WARNING, WRONG };

struct findings {
	json_t *rows; /* NULL: for people */
	bool wrong;   /* something was wrong */
};

/* `text` may be NULL. */
void findings_add(struct findings *findings, const char *look, enum verdict verdict,
		  const char *text);
/* Prints what has not been printed yet; returns an exit status. */
int findings_end(struct findings *findings);

#endif
