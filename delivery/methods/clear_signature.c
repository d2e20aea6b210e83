#include "delivery/methods/clear_signature.h"

#include <openssl/cms.h>
#include <openssl/evp.h>

#include "delivery/methods/recipient_keys.h"
#include "delivery/methods/signature.h"
#include "delivery/signable.h"

/* The digest that OpenSSL takes for a key, as RFC 8551 §3.5.3.2 calls it; those keys that have no
 * say in it sign SHA-512 (RFC 8419 §3.1). */
static const char *
digest_name(const struct key *key)
{
	static const struct {
		int id;
		const char *name;
	} names[] = {{NID_sha256, "sha-256"}, {NID_sha384, "sha-384"}, {NID_sha1, "sha-1"}};
	int id = NID_undef;

	if (EVP_PKEY_get_default_digest_nid(X509_get0_pubkey(key->certificate), &id) > 0)
		for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
			if (names[i].id == id)
				return names[i].name;
	return "sha-512";
}

static void
add_reason(char **why, const char *more)
{
	char *both = g_strconcat(*why, more, NULL);

	g_free(*why);
	*why = both;
}

bool
clear_signature_choose(const struct delivery_context *delivery, struct copy *copy, char **why,
		       struct fault *fault)
{
	const struct key *key = author_key(delivery, &delivery->smime_signer);
	g_autofree char *reason = author_reason(delivery, &delivery->smime_signer);
	const char *why_not = NULL;

	if (key != NULL && !signable_find(delivery->signable, &why_not, fault))
		return false;
	if (why_not != NULL) {
		g_free(reason);
		reason = g_strdup_printf(", not signed: %s", why_not);
	}
	add_reason(why, reason);
	copy->is_signed = key != NULL && why_not == NULL;
	copy->apart_by = copy->is_signed ? digest_name(key) : NULL;
	return true;
}

GPtrArray *
clear_signature_fields(const struct group *group)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(list, g_strdup("MIME-Version: 1.0"));
	g_ptr_array_add(list, g_strdup_printf("Content-Type: multipart/signed;\n"
					      "\tprotocol=\"application/pkcs7-signature\"; "
					      "micalg=%s;\n\tboundary=\"%s\"",
					      group->apart_by, group->boundary));
	return list;
}

/* --- writing --- */

/* Passes content on and signs it. */
struct signing_sink {
	struct sink sink;
	struct sink *next;
	BIO *digesting;
};

static bool
signing_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct signing_sink *signing = (struct signing_sink *)sink;
	size_t written = 0;

	if (BIO_write_ex(signing->digesting, data, length, &written) != 1 || written != length)
		return openssl_fault(fault, "digesting what is signed");
	return sink_write(signing->next, data, length, fault);
}

static bool
sign_content(const struct delivery_context *delivery, CMS_ContentInfo *cms, struct sink *sink,
	     struct fault *fault)
{
	BIO *nowhere = BIO_new(BIO_s_null());
	struct signing_sink signing = {.sink = {.write = signing_write}, .next = sink};
	bool done;

	signing.digesting = nowhere == NULL ? NULL : CMS_dataInit(cms, nowhere);
	if (signing.digesting == NULL) {
		BIO_free(nowhere);
		return openssl_fault(fault, "beginning to sign");
	}
	done = signable_write(delivery->signable, &signing.sink, fault);
	if (done && CMS_dataFinal(cms, signing.digesting) != 1)
		done = openssl_fault(fault, "signing");
	BIO_free_all(signing.digesting);
	return done;
}

static bool
write_signature(CMS_ContentInfo *cms, struct sink *sink, struct fault *fault)
{
	struct base64_sink base64;
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(cms, &der);
	bool done;

	if (length < 0)
		return openssl_fault(fault, "encoding a signature");
	base64_sink_init(&base64, sink);
	done = sink_write(&base64.sink, der, (size_t)length, fault) &&
	       sink_finish(&base64.sink, fault);
	OPENSSL_free(der);
	return done;
}

bool
clear_signature_write(const struct delivery_context *delivery, const struct group *group,
		      struct sink *sink, struct fault *fault)
{
	const struct key *key = author_key(delivery, &delivery->smime_signer);
	g_autoptr(CMS_ContentInfo) cms = signature_new(key, CMS_DETACHED, fault);

	return cms != NULL && sink_print(sink, fault, "--%s\r\n", group->boundary) &&
	       sign_content(delivery, cms, sink, fault) &&
	       sink_print(sink, fault,
			  "\r\n--%s\r\n"
			  "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
			  "Content-Transfer-Encoding: base64\r\n"
			  "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
			  group->boundary) &&
	       write_signature(cms, sink, fault) &&
	       sink_print(sink, fault, "\r\n--%s--\r\n", group->boundary);
}
