/*
 * Text on its way from postseal-reader to the program that asked, in pieces.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_TEXT_OUT_H
#define POSTSEAL_MAIL_DOCUMENT_TEXT_OUT_H

#include <glib.h>
#include <stdbool.h>

void text_out(const char *text, size_t length);
/* What is behind this cannot belong to the same word. */
void text_out_line(void);
/* Call before the process answers. */
void text_out_flush(void);

/* A line of which some readers do not see all. */
struct text_line {
	GString *wide, *narrow; /* with and without what is hidden */
	bool differs;
};
/* Makes it, or empties it. */
void text_line_begin(struct text_line *line);
void text_line_clear(struct text_line *line);
void text_line_put(struct text_line *line, const char *text, size_t length, bool is_hidden);
/* Shows the line, and once more without what is hidden, if there is such; behind it comes `end`,
 * unless it is NUL. The line is empty then. */
void text_line_end(struct text_line *line, char end);

#endif
