#include "delivery/methods/signature.h"

/* The chain is included, except for the root: someone who does not have the root would not trust
 * ours. */
CMS_ContentInfo *
signature_new(const struct key *key, unsigned flags, struct fault *fault)
{
	g_autoptr(CMS_ContentInfo) cms = CMS_sign(key->certificate, key->private_key, NULL, NULL,
						  CMS_STREAM | CMS_BINARY | flags);

	if (cms == NULL) {
		openssl_fault(fault, "beginning a signature");
		return NULL;
	}
	for (int i = 1; i + 1 < sk_X509_num(key->chain); i++)
		if (CMS_add1_cert(cms, sk_X509_value(key->chain, i)) != 1) {
			openssl_fault(fault, "adding the chain to a signature");
			return NULL;
		}
	return g_steal_pointer(&cms);
}
