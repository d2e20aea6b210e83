/*
 * How many messages the large folders hold, remembered for some seconds: counting ten thousand rows
 * costs more than showing the page of a list. What the reader does with a folder is seen in its
 * numbers at once, what arrives meanwhile a few seconds later. Small folders are always counted.
 */
#ifndef POSTSEAL_PORTAL_KNOWN_COUNTS_H
#define POSTSEAL_PORTAL_KNOWN_COUNTS_H

#include <stdbool.h>

enum {
	KNOWN_COUNTS_LARGE = 1000, /* messages; smaller folders are not remembered */
	KNOWN_COUNTS_SECONDS = 10,
	KNOWN_COUNTS_MAX = 10000, /* folders; beyond that, all are forgotten */
};

struct known_counts;

struct known_counts *known_counts_new(void);
void known_counts_free(struct known_counts *known);

/* False: it must be counted. */
bool known_counts_get(struct known_counts *known, const char *account, const char *folder,
		      unsigned long *all_r, unsigned long *unread_r);
void known_counts_put(struct known_counts *known, const char *account, const char *folder,
		      unsigned long all, unsigned long unread);
/* All folders of the account have changed. */
void known_counts_forget(struct known_counts *known, const char *account);

#endif
