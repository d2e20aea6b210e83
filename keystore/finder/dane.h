/*
 * Keys of an address in DNS: OPENPGPKEY (RFC 7929) and SMIMEA (RFC 8162). Both stand below a name
 * made of a digest of the local part. A record counts only if DNSSEC proves it.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_DANE_H
#define POSTSEAL_KEYSTORE_FINDER_DANE_H

#include "keystore/finder/dns.h"
#include "keystore/finder/finders.h"

/* "c93f…acd6._openpgpkey.example.com": the local part's SHA-256, cut to 28 bytes, in hexadecimal
 * digits (RFC 7929 §3, RFC 8162 §3). `label` is "_openpgpkey" or "_smimecert". Quotes around the
 * local part do not belong to it. NULL if there is no "@". Caller frees. */
char *dane_owner(const char *address, const char *label);

/* Records of an address, by the local part as it is written, and also in lower case if that is
 * another name: its owner decides whether case matters, and publishes what he takes (RFC 7929 §4).
 * What DNSSEC does not protect is FINDER_NOTHING, what contradicts it FINDER_FAILED. */
void dane_ask(const struct finder_task *task, const char *label, enum dns_type type,
	      struct finder_answer *answer);

enum dane_selector { DANE_CERTIFICATE = 0, DANE_PUBLIC_KEY = 1 };
enum dane_matching { DANE_WHOLE = 0, DANE_SHA256 = 1, DANE_SHA512 = 2 };

/* RDATA of TLSA or SMIMEA. */
struct dane_record {
	unsigned usage;
	enum dane_selector selector;
	enum dane_matching matching;
	const unsigned char *data; /* borrowed from the RDATA */
	size_t length;
};

/* False if it is malformed, of a kind that nobody has defined, or not as long as its digest. */
bool dane_record_read(GBytes *rdata, struct dane_record *record_r);

/* Takes what holds for all questions alike, not protected, bogus, failed or nothing, into the
 * answer. False, with only lifetime and place filled, if there are records that DNSSEC proves. */
bool dane_settle(const struct dns_answer *found, struct finder_answer *answer);

#endif
