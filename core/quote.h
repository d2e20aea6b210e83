/*
 * Text that came from outside, made fit to stand in one line of a log, a reply or a fault: what it
 * says cannot be taken for what we say.
 */
#ifndef POSTSEAL_CORE_QUOTE_H
#define POSTSEAL_CORE_QUOTE_H

/* Between double quotes. Within them, control and formatting characters, line and paragraph
 * separators, the double quote, the backslash and what is not UTF-8 stand as \xNN, byte by byte;
 * what is longer than 200 bytes ends with "…". Caller frees. NULL is taken for "". */
char *quote(const char *text);

/* Makes one line of a text, in place: a blank stands for every byte that quote() would write as
 * \xNN, but for the double quote and the backslash. */
void quote_flatten(char *text);

#endif
