/*
 * What the milter and postseal-gpg say to each other over a stream socket. A job is a text of
 * lines and two descriptors, for gpg to read from and to write to. To encrypt:
 *
 *   sign FILE | plain           the public half of our key, or no signature
 *   --file                      from here on, the recipients as given to GPGME
 *   KEYFILE ...
 *
 * To decrypt, in a home with one key, so that no other is used:
 *
 *   decrypt FILE                the public half of our key
 *   HOME                        from here on
 *
 * The answer is a text that says why the job failed, or "" if it succeeded.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_PROTOCOL_H
#define POSTSEAL_DELIVERY_METHODS_PGP_PROTOCOL_H

#include <stdbool.h>

enum { GPG_JOB_MAX = 1024 * 1024 }; /* bytes of a text */

/* All of them return false or NULL, with errno set, if the other end is gone or sends something
 * invalid. */
bool gpg_job_send(int socket, const char *text, int plain, int sealed);
/* Caller frees the text with free() and closes the descriptors. */
char *gpg_job_receive(int socket, int *plain_r, int *sealed_r);
bool gpg_job_answer(int socket, const char *text);
/* Caller frees, with free(). */
char *gpg_job_answered(int socket);

#endif
