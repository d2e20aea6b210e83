/*
 * Codes that we make and people keep, in groups of five symbols: "XXXXX-XXXXX-…". Each group has 25
 * bits (Crockford's base32), so that nobody guesses one.
 */
#ifndef POSTSEAL_PORTAL_LONG_CODE_H
#define POSTSEAL_PORTAL_LONG_CODE_H

enum { LONG_CODE_GROUP = 5 };
/* With the dashes, without the NUL. */
#define LONG_CODE_CHARACTERS(groups) ((groups) * (LONG_CODE_GROUP + 1) - 1)

/* `text_r` has room for LONG_CODE_CHARACTERS(groups) and the NUL. */
void long_code_make(char *text_r, unsigned groups);
/* In the form in which it was shown, whatever blanks, marks and lower case were typed. What is
 * typed beyond the last symbol does not count. */
void long_code_read(char *text_r, unsigned groups, const char *typed);

#endif
