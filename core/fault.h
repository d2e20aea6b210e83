/*
 * What went wrong, in a form that every caller can use.
 *
 * A function that can fail returns bool and fills a struct fault. The text is one sentence: what
 * was being done, to what, and why it failed. The cause decides the SMTP reply (RFC 5321, RFC
 * 3463); the table in fault.c is the only place that maps causes to replies.
 */
#ifndef POSTSEAL_CORE_FAULT_H
#define POSTSEAL_CORE_FAULT_H

#include <stdbool.h>

enum fault_cause {
	FAULT_NONE = 0,
	FAULT_DATABASE,	 /* PostgreSQL is unreachable or refused */
	FAULT_STORAGE,	 /* disk, spool, descriptors, memory */
	FAULT_CRYPTO,	 /* a key, certificate or crypto library failed */
	FAULT_TIMEOUT,	 /* a helper program or peer took too long */
	FAULT_PEER,	 /* the MTA at the other end of a connection failed */
	FAULT_OVERLOAD,	 /* too much work at the same time */
	FAULT_BUSY,	 /* someone else is doing the same work */
	FAULT_TOO_OFTEN, /* more than one may do in a time; the text says what to do */
	FAULT_BUG,	 /* cannot happen; temporary, so that no mail is lost */
	FAULT_CONFIG,	 /* a setting or file of the admin's is wrong */
	FAULT_INPUT,	 /* bytes from outside are malformed */
	FAULT_TOO_BIG,	 /* exceeds a limit that the admin set */
	FAULT_REFUSED,	 /* the policy says no */
	FAULT_ADDRESS,	 /* a recipient's address is invalid, or can be read in more than one way */
	FAULT_SENDER,	 /* the same for the sender */
	FAULT_SMTPUTF8,	 /* an address needs SMTPUTF8, which was not requested (RFC 6531) */
	FAULT_LOOP,	 /* the message is in a mail loop */
	FAULT_NO_METHOD, /* no method that the policy allows is available for this recipient */
	FAULT_CAUSES
};

enum { FAULT_TEXT_MAX = 600 };

struct fault {
	enum fault_cause cause;
	char text[FAULT_TEXT_MAX];
};

/* How a cause is reported to an SMTP client. 4xx is temporary, 5xx permanent. */
struct fault_reply {
	const char *code;     /* "451" */
	const char *enhanced; /* "4.3.0" */
};

/* Both return false, so that a caller can write: return fault_set(fault, ...). */
bool fault_set(struct fault *fault, enum fault_cause cause, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prefixes the text with what the caller was doing; the cause is unchanged. */
bool fault_within(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct fault_reply fault_reply(enum fault_cause cause);
bool fault_is_temporary(const struct fault *fault);

#endif
