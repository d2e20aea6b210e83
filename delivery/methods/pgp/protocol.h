/*
 * What the milter and postseal-gpg say to each other over a stream socket. A job is a text of
 * lines and two descriptors, for gpg to read from and to write to. To encrypt:
 *
 *   sign FILE | plain           the public half of our key, or no signature
 *   --file                      from here on, the recipients as given to GPGME
 *   KEYFILE ...
 *
 * To decrypt, in a home of its own, so that no other key of ours is used:
 *
 *   decrypt FILE                the public half of our key, and the keys of those who may have
 * signed HOME
 *
 * To check signatures, in a home of its own; nothing is written:
 *
 *   verify FILE                 the keys of those who may have signed
 *   HOME
 *   SIGNATURE                   a file with the signature; without this line, the text contains it
 *
 * The answer is a text: "" if the job succeeded, or why it failed; and a second one, a line for
 * each signature that was found:
 *
 *   STATE FINGERPRINT DIGEST    good, bad, expired, key-expired, key-revoked, key-unknown or
 *                               unreadable; of the primary key, or "-"; number (RFC 9580 §9.5)
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
bool gpg_job_answer(int socket, const char *why, const char *signatures);
/* Caller frees both, with free(). */
char *gpg_job_answered(int socket, char **signatures_r);

#endif
