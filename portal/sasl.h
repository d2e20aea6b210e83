/*
 * What mail clients answer when they are asked for a password by SASL, in base64: PLAIN (RFC 4616),
 * and LOGIN, the only mechanism of some versions of Outlook.
 */
#ifndef POSTSEAL_PORTAL_SASL_H
#define POSTSEAL_PORTAL_SASL_H

#include <stdbool.h>

enum { SASL_TEXT_MAX = 1000 }; /* bytes of an answer, decoded */

/* The three texts of PLAIN. False: it is none, or has another identity to act for than the one that
 * signs in. Wipe and free *password_r, free *user_r. */
bool sasl_plain_read(const char *base64, char **user_r, char **password_r);
/* One text of LOGIN: user or password. False: it is none, or empty. Wipe and free *text_r. */
bool sasl_text_read(const char *base64, char **text_r);

#endif
