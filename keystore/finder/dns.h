/*
 * DNS with DNSSEC validated in this process (libunbound), so that what a resolver on the way says
 * of a signature is not believed. What is bogus is never shown as data, nor as "does not exist".
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_DNS_H
#define POSTSEAL_KEYSTORE_FINDER_DNS_H

#include <glib.h>

#include "core/fault.h"

enum {
	DNS_NAME_MAX = 253,    /* characters of a name, without the dot at its end */
	DNS_RECORDS_MAX = 256, /* of an answer; more: DNS_FAILED */
};

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_DNSKEY = 48,
	DNS_TLSA = 52,	     /* RFC 6698 */
	DNS_SMIMEA = 53,     /* RFC 8162 */
	DNS_OPENPGPKEY = 61, /* RFC 7929 */
};

enum dns_outcome {
	DNS_FOUND,
	DNS_NOTHING, /* no such name, or no such record of it */
	DNS_BOGUS,   /* signed, and the signatures do not hold: an attack, or a mistake there */
	DNS_FAILED,  /* no answer, or an error */
};

struct dns_question {
	/* Without the dot at its end, "." for the root; longer than DNS_NAME_MAX: DNS_NOTHING. */
	const char *name;
	enum dns_type type;
};

struct dns_answer {
	enum dns_outcome outcome;
	bool secure;	    /* DNS_FOUND, DNS_NOTHING: proved by signatures up to a trust anchor */
	bool exists;	    /* DNS_NOTHING: the name has records of other types */
	unsigned lifetime;  /* DNS_FOUND, DNS_NOTHING: seconds (TTL; RFC 2308 §5) */
	GPtrArray *records; /* GBytes: RDATA, names in it not compressed; in no order */
	char *name; /* where CNAMEs led to, without the dot; or the name that was asked for */
	char *why;  /* DNS_BOGUS, DNS_FAILED: why; otherwise NULL */
};

struct dns;

/* `resolver`: "": the resolvers of /etc/resolv.conf; "root": none, the domains' own servers are
 * asked, but none at private addresses; otherwise addresses such as "127.0.0.1@5353", separated by
 * blanks. `anchor`: file with DS or DNSKEY records. NULL, with `fault` filled, if one of them
 * cannot be used. Starts threads. */
struct dns *dns_new(const char *resolver, const char *anchor, struct fault *fault);
/* Nobody may be asking. */
void dns_free(struct dns *dns);

/* From any thread. Asks all questions at the same time and waits for the answers until `until`
 * (g_get_monotonic_time()) at most; what has not come by then is DNS_FAILED, and is no longer
 * waited for. Answers are to be cleared. */
void dns_ask(struct dns *dns, const struct dns_question *questions, size_t count, gint64 until,
	     struct dns_answer *answers_r);
void dns_answer_clear(struct dns_answer *answer);
typedef struct dns_answer dns_answer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(dns_answer_auto, dns_answer_clear)

/* The host name at `*at` in RDATA, in lower case, without the dot at its end; "" for the root.
 * Moves `*at` behind it. NULL if it is malformed, or if it has characters that host names do not
 * have. Caller frees. */
char *dns_host(const unsigned char *data, size_t length, size_t *at);

#endif
