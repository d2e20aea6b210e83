/*
 * Plain text as people read it: prose in a proportional font, what is quoted set apart, links that
 * can be followed, and a font of fixed width only where columns line up.
 */
#ifndef POSTSEAL_MAIL_PROSE_H
#define POSTSEAL_MAIL_PROSE_H

#include <glib.h>
#include <stdbool.h>

struct prose_block {
	unsigned depth;	 /* how often it was quoted (RFC 3676 §4.5) */
	bool is_columns; /* lines up only in a font of fixed width */
	char *text;	 /* its lines, without quote marks, joined by LF */
};

enum { PROSE_DEPTH_MAX = 9, PROSE_BLOCKS_MAX = 5000 };

/* struct prose_block in order, freed by the array. `text` is valid UTF-8. Nothing but quote marks
 * and the empty lines around blocks is left out. */
GPtrArray *prose_blocks(const char *text);

/* The first web address in the text: from *begin_r up to *end_r. *url_r: what it stands for, which
 * begins with http:// or https://; caller frees. False: there is none. Mail addresses are no links:
 * a mail program would answer without protection. */
bool prose_link(const char *text, const char **begin_r, const char **end_r, char **url_r);

#endif
