/*
 * Makes text from outside safe to put into one line of a log, a reply or a fault: nobody can
 * mistake what it says for what we say.
 */
#ifndef POSTSEAL_CORE_QUOTE_H
#define POSTSEAL_CORE_QUOTE_H

/* Encloses the text in double quotes. Inside, control and formatting characters, line and paragraph
 * separators, double quotes, backslashes and bytes that are not UTF-8 are written as \xNN, byte by
 * byte; text longer than 200 bytes ends with "…". Caller frees. NULL is treated as "". */
char *quote(const char *text);

/* Makes a text a single line, in place: every byte that quote() would write as \xNN becomes a
 * blank, except for double quotes and backslashes. */
void quote_flatten(char *text);

#endif
