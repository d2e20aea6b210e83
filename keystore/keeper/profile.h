/*
 * The shape of what the company's own authority signs (RFC 5280): its own certificate, its request
 * to an authority above, certificates of employees, and revocation lists.
 *
 * Certificates of employees follow the CA/Browser Forum's Baseline Requirements for S/MIME (section
 * 7.1), mailbox-validated, generation "strict": the subject is the address alone, the only extended
 * key usage is mail, at most 825 days. One certificate is for both signatures and encryption, since
 * correspondents' clients learn the key to encrypt to from the signatures that they see.
 *
 * Not as a public authority: certificates name no policy unless the authority's own does; the root
 * issues certificates itself, and is limited by an extended key usage and by name constraints, so
 * that whoever trusts it trusts it for the mail of the organisation's domains alone.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_PROFILE_H
#define POSTSEAL_KEYSTORE_KEEPER_PROFILE_H

#include "keystore/key.h"

enum { PROFILE_SERIAL_BYTES = 16, PROFILE_DAYS_MAX = 825 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_CRL, X509_CRL_free)

/* A new key pair: "rsa-3072", "rsa-4096", "p-256" or "p-384". Caller frees. */
EVP_PKEY *profile_make_key(const char *algorithm, struct fault *fault);
/* For employees' keys, beside an authority with this key. */
const char *profile_algorithm_beside(const EVP_PKEY *authority);

struct profile_authority {
	const char *organisation;
	const char *name;     /* common name */
	char *const *domains; /* the only ones that it may issue for; ends with NULL */
	time_t from, until;   /* of a root */
};

/* Self-signed. Caller frees; NULL with `fault` filled. */
X509 *profile_root(EVP_PKEY *key, const struct profile_authority *about, struct fault *fault);
/* PKCS#10 (RFC 2986), with the same extensions. */
X509_REQ *profile_request(EVP_PKEY *key, const struct profile_authority *about,
			  struct fault *fault);

/* The same for an employee's certificate: the folded address, which a public authority certifies in
 * its own profile. */
X509_REQ *profile_employee_request(EVP_PKEY *key, const char *address, struct fault *fault);

struct profile_issuer {
	X509 *certificate;
	EVP_PKEY *key;
	const char *crl_url, *certificate_url;
};

/* For a folded address: valid from now until `until` (excluded), or until the issuer itself
 * expires. Fails if the issuer's name constraints exclude the address. */
X509 *profile_employee(const struct profile_issuer *issuer, EVP_PKEY *public_key,
		       const char *address, time_t until, struct fault *fault);

struct profile_revoked {
	ASN1_INTEGER *serial;
	time_t at;
	int reason; /* CRL_REASON_… */
};
/* A complete list (RFC 5280 §5); `revoked`: struct profile_revoked. */
X509_CRL *profile_crl(const struct profile_issuer *issuer, const GArray *revoked, int64_t number,
		      time_t now, time_t next, struct fault *fault);

#endif
