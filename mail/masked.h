/*
 * What senders name, such as a file, may hold a number that must not get into logs.
 */
#ifndef POSTSEAL_MAIL_MASKED_H
#define POSTSEAL_MAIL_MASKED_H

/* `name` is valid UTF-8. Replaces the digits of a name that has as many as an identification
 * number, but for a few. */
void mask_digits(char *name);

#endif
