/*
 * Lower case as ICU has it, by the rules of no locale: the same on every machine, whatever the
 * environment says.
 */
#ifndef POSTSEAL_CORE_LOWER_CASE_H
#define POSTSEAL_CORE_LOWER_CASE_H

/* `text`: UTF-8, at most 1024 bytes. Caller frees; NULL where it cannot be done. */
char *lower_case(const char *text);

#endif
