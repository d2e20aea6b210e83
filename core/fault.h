/*
 * What went wrong, in the form in which everybody can use it.
 *
 * A function that can fail returns bool and fills a struct fault. The text is one
 * sentence: what was being done, to what, and why not. The cause decides the SMTP
 * reply (RFC 5321, RFC 3463); the table in fault.c is the only place that maps them.
 */
#ifndef POSTSEAL_CORE_FAULT_H
#define POSTSEAL_CORE_FAULT_H

#include <stdbool.h>

enum fault_cause {
	FAULT_NONE = 0,
	FAULT_DATABASE, /* PostgreSQL unreachable or refusing */
	FAULT_STORAGE,	/* disk, spool, descriptors, memory */
	FAULT_CRYPTO,	/* a key, certificate or crypto library failed us */
	FAULT_TIMEOUT,	/* a helper program or peer took too long */
	FAULT_PEER,	/* the MTA on the other end of a connection failed us */
	FAULT_OVERLOAD, /* too much to do at the same time */
	FAULT_BUSY,	/* somebody else is at the same work */
	FAULT_BUG,	/* should not happen; temporary, so that no mail is lost */
	FAULT_CONFIG,	/* a setting or file of the admin is wrong */
	FAULT_INPUT,	/* bytes from outside are not what they should be */
	FAULT_TOO_BIG,	/* over a limit that the admin set */
	FAULT_REFUSED,	/* the policy says no */
	FAULT_ADDRESS, /* what names a recipient is no address, or none that is read in one way only
			*/
	FAULT_SENDER,  /* the same of the sender */
	FAULT_SMTPUTF8,	 /* an address needs SMTPUTF8, which was not requested (RFC 6531) */
	FAULT_LOOP,	 /* the message comes round again and again */
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
/* Prepends what the caller was doing to the text; the cause stays. */
bool fault_within(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

struct fault_reply fault_reply(enum fault_cause cause);
bool fault_is_temporary(const struct fault *fault);

#endif
