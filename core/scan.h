/*
 * Between the lexer of postseal.conf(5) and configuration.c: what becomes of each piece of the
 * text.
 */
#ifndef POSTSEAL_CORE_SCAN_H
#define POSTSEAL_CORE_SCAN_H

#include "core/configuration.h"

struct scan;

/* The lexer has read this much; called before each of the other functions. */
void scan_advance(struct scan *scan, const char *text, size_t length);
void scan_add(struct scan *scan, enum token_kind kind, const char *text, size_t length);
void scan_broken(struct scan *scan, const char *found);
/* A new line of text begins, indented by `indent` characters. */
void scan_next_line(struct scan *scan, unsigned indent);
/* The line ends here, unless a brace is open. */
void scan_end_line(struct scan *scan);
void scan_end_file(struct scan *scan);

#endif
