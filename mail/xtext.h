/* xtext (RFC 3461 §4): how ENVID and ORCPT stand in SMTP commands. */
#ifndef POSTSEAL_MAIL_XTEXT_H
#define POSTSEAL_MAIL_XTEXT_H

/* Decoded, without what could end the line of a header field; "" for NULL. Caller frees. */
char *xtext_decode(const char *text);

#endif
