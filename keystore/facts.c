#include "keystore/facts.h"

#include <openssl/x509v3.h>

#include "keystore/certificate.h"

void
key_facts_free(struct key_facts *facts)
{
	g_free(facts->fingerprint);
	g_free(facts->owner);
	g_clear_pointer(&facts->addresses, g_ptr_array_unref);
	g_free(facts->cannot_encrypt);
	g_free(facts->cannot_sign);
	g_clear_pointer(&facts->content, g_bytes_unref);
	g_clear_pointer(&facts->secret, g_bytes_unref);
	g_free(facts);
}

struct key_facts *
key_facts_of_certificate(X509 *certificate)
{
	struct key_facts *facts = g_new0(struct key_facts, 1);

	facts->kind = KEY_SMIME;
	facts->fingerprint = certificate_fingerprint(certificate);
	facts->owner = certificate_owner(certificate);
	facts->addresses = certificate_addresses(certificate);
	facts->not_before = certificate_time(X509_get0_notBefore(certificate));
	facts->not_after = facts->signs_until = certificate_time(X509_get0_notAfter(certificate));
	certificate_uses(certificate, &facts->cannot_encrypt, &facts->cannot_sign);
	facts->is_authority = X509_check_ca(certificate) == 1;
	facts->is_self_issued = X509_check_issued(certificate, certificate) == X509_V_OK;
	facts->allows_mail = certificate_allows_mail(certificate);
	certificate_capabilities(certificate, &facts->gcm, &facts->oaep);
	facts->content = certificate_der(certificate);
	return facts;
}

char *
key_facts_text(const char *text, size_t length)
{
	if (g_utf8_validate(text, (gssize)length, NULL))
		return g_strndup(text, length);
	return g_convert(text, (gssize)length, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

const char *
key_facts_capabilities(bool gcm, bool oaep)
{
	static const char *const arrays[2][2] = {{"{}", "{oaep}"}, {"{gcm}", "{gcm,oaep}"}};

	return arrays[gcm][oaep];
}
