/* xtext (RFC 3461 §4): the encoding of ENVID and ORCPT in SMTP commands. */
#ifndef POSTSEAL_MAIL_XTEXT_H
#define POSTSEAL_MAIL_XTEXT_H

/* Decoded, without anything that could end the line of a header field; "" for NULL. Caller frees.
 */
char *xtext_decode(const char *text);

#endif
