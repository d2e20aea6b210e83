/*
 * Lower case according to ICU, independent of any locale: the same on every machine, whatever the
 * environment says.
 */
#ifndef POSTSEAL_CORE_LOWER_CASE_H
#define POSTSEAL_CORE_LOWER_CASE_H

/* `text` is UTF-8, at most 1024 bytes. Caller frees; NULL if it cannot be converted. */
char *lower_case(const char *text);

#endif
