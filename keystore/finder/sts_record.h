/*
 * The DNS record that announces a domain's MTA-STS policy (RFC 8461 §3.1).
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_STS_RECORD_H
#define POSTSEAL_KEYSTORE_FINDER_STS_RECORD_H

#include "keystore/finder/dns.h"

enum { STS_ID_MAX = 32 };

/* The TXT record at _mta-sts.DOMAIN, with or without DNSSEC. DNS_FOUND: `id_r` is the policy's id;
 * DNS_NOTHING also if there is more than one record, or the one is not as the standard has it.
 * `answer_r` is to be cleared; its `why` is filled unless the record was found. */
void sts_record_ask(struct dns *dns, const char *domain, gint64 until, char id_r[STS_ID_MAX + 1],
		    struct dns_answer *answer_r);

/* The id of one record's text. False if it is not as the standard has it. */
bool sts_record_read(const char *text, char id_r[STS_ID_MAX + 1]);

#endif
