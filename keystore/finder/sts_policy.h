/*
 * A domain's MTA-STS policy (RFC 8461 §3.2): which mail hosts a sender may deliver to, and whether
 * it must verify their certificates.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_STS_POLICY_H
#define POSTSEAL_KEYSTORE_FINDER_STS_POLICY_H

#include <glib.h>
#include <stdbool.h>

enum { STS_POLICY_BYTES_MAX = 64 * 1024, STS_POLICY_HOSTS_MAX = 100, STS_AGE_MAX = 31557600 };

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
	enum sts_mode mode;
	unsigned max_age; /* seconds; at most STS_AGE_MAX, a year */
	char **hosts; /* in lower case: "mail.example.com" or "*.example.com"; NULL at the end */
};

/* False, with a phrase, if the text is not as the standard has it. Fields that are not known are
 * passed over; of one that may be there only once, the first counts. */
bool sts_policy_read(struct sts_policy *policy_r, const char *text, size_t length,
		     const char **why_r);
void sts_policy_clear(struct sts_policy *policy);
typedef struct sts_policy sts_policy_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sts_policy_auto, sts_policy_clear)

/* Is the mail host one of the policy's (§4.1)? A "*" stands for exactly one label. */
bool sts_policy_has(const struct sts_policy *policy, const char *host);

#endif
