/*
 * Asks postseal-finder(8), the only program of ours that asks the network about keys and domains.
 * It has no mail, no keys and no database: it returns bytes, and what is known of the way they
 * came; the asker judges them.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_H
#define POSTSEAL_KEYSTORE_FINDER_H

#include <glib.h>
#include <stdbool.h>

#include "core/fault.h"

enum {
	FINDER_SUBJECT_MAX = 1024, /* bytes of an address, a domain or a URL */
	FINDER_BODY_MAX = 4096,	   /* of a request that is sent on (OCSP), or a filter */
	FINDER_ITEMS_MAX = 32,
	FINDER_BYTES_MAX = 4 * 1024 * 1024, /* of all items of an answer together */
};

enum finder_wish {
	FINDER_PING,
	FINDER_WKD,	   /* OpenPGP keys of an address, by its domain's web server */
	FINDER_OPENPGPKEY, /* OpenPGP keys of an address, by DNS (RFC 7929) */
	FINDER_SMIMEA,	   /* certificates of an address, by DNS (RFC 8162): whole RDATA */
	FINDER_LDAP_SMIME, /* certificates of an address, by directory */
	FINDER_LDAP_PGP,   /* OpenPGP keys of an address, by directory */
	FINDER_SERVERS,	   /* OpenPGP keys of an address, by key servers (VKS, HKPS) */
	FINDER_MTA_STS,	   /* policy of a domain (RFC 8461): the text of the policy, its id, and
			      the domain's mail hosts, separated by blanks */
	FINDER_TLSA,	   /* does every MX of a domain have usable TLSA records (RFC 7672)? */
	FINDER_FETCH,	   /* of an http URL from a certificate: a CRL, an issuer */
	FINDER_OCSP,	   /* of an http URL from a certificate, with `body` as the request */
	FINDER_DNSSEC,	   /* can it be validated? The name of the trust anchor; no subject */
	FINDER_LDAP_ENTRY, /* is there an entry for an address or domain in a directory? `body`
			      names it, and after a line end the filter (RFC 4515), with "%s" */
	FINDER_WISHES
};

struct finder_question {
	enum finder_wish wish;
	const char *subject; /* folded address, canonical domain (A-labels), or URL */
	GBytes *body;	     /* FINDER_OCSP, FINDER_LDAP_ENTRY; otherwise NULL */
};

enum finder_outcome {
	FINDER_FOUND,
	FINDER_NOTHING, /* whoever would know says that there is none */
	FINDER_FAILED,	/* could not be found out now */
};

struct finder_answer {
	enum finder_outcome outcome;
	unsigned lifetime; /* seconds for which the answer is good; 0: the asker decides */
	bool secure;	   /* validated by DNSSEC, or over TLS with a verified name */
	bool is_partial;   /* FINDER_FOUND: there may be more, as not all gave an answer */
	GPtrArray *items;  /* GBytes; none unless FINDER_FOUND */
	char *place;	   /* where it was found: a URL, an owner name, a DN; or NULL */
	char *why;	   /* NOTHING, FAILED, or partial: one sentence; otherwise NULL */
};

/* Asks all questions at the same time and waits for the answers until `until`
 * (g_get_monotonic_time()) at most; what has not come by then has failed, and so has what was not
 * answered yet when the finder ended. `path` of the finder's socket. False with `fault` filled only
 * if the finder cannot be reached; all answers have failed then. Answers are to be cleared in
 * either case. From any thread. */
bool finder_ask(const char *path, const struct finder_question *questions, size_t count,
		gint64 until, struct finder_answer *answers_r, struct fault *fault);
void finder_answer_clear(struct finder_answer *answer);
typedef struct finder_answer finder_answer_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(finder_answer_auto, finder_answer_clear)

/* Is the finder there? Waits a few seconds at most. */
bool finder_ping(const char *path, struct fault *fault);

/* "found", "nothing" or "failed", as the database and metrics write it. */
const char *finder_outcome_name(enum finder_outcome outcome);
/* The word for a way of asking, as settings, the log and metrics write it: "wkd". */
const char *finder_wish_name(enum finder_wish wish);

#endif
