/* S/MIME (RFC 8551): enveloped, or signed and then enveloped. */
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/catalogue.h"
#include "delivery/methods/recipient_keys.h"
#include "delivery/methods/signature.h"
#include "mail/cms_sink.h"
#include "mail/entity.h"

static const char name_of_gcm[] = "AES-256-GCM";
static const char name_of_cbc[] = "AES-256-CBC";
static const char cipher_gcm[] = "aes-256-gcm", cipher_cbc[] = "aes-256-cbc";
static const char *const ciphers[] = {cipher_gcm, cipher_cbc, NULL};

/* What the rule asks for, or otherwise what all the keys can take. */
static const char *
cipher_for(const struct copy *copy)
{
	if (copy->decision.cipher != NULL)
		return strcmp(copy->decision.cipher, cipher_cbc) == 0 ? name_of_cbc : name_of_gcm;
	for (guint i = 0; i < copy->keys->len; i++)
		if (!((const struct key *)g_ptr_array_index(copy->keys, i))->gcm)
			return name_of_cbc;
	return name_of_gcm;
}

static char *
fingerprints(const GPtrArray *keys)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < keys->len; i++)
		g_string_append_printf(
			text, "%s%.16s", i > 0 ? ", " : "",
			((const struct key *)g_ptr_array_index(keys, i))->fingerprint);
	return g_string_free(text, FALSE);
}

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	g_autofree char *names = NULL, *origin = NULL, *checked = NULL, *trust = NULL,
			*signature = NULL;

	if (!recipient_keys_take(delivery, copy, KEY_SMIME, "certificate", possible_r, why_r,
				 fault))
		return false;
	if (!*possible_r)
		return true;
	copy->apart_by = cipher_for(copy);
	names = fingerprints(copy->keys);
	origin = keystore_origin(g_ptr_array_index(copy->keys, 0));
	signature = author_reason(delivery, &delivery->smime_signer);
	checked = recipient_keys_checked(copy);
	trust = recipient_keys_trust(copy);
	*why_r = g_strdup_printf("certificate %s%s, %s%s%s%s%s", names, origin, copy->apart_by,
				 copy->decision.cipher == NULL ? "" : " as the rule asks", checked,
				 trust, signature);
	return true;
}

static GPtrArray *
fields(const struct group *group)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(list, g_strdup("MIME-Version: 1.0"));
	g_ptr_array_add(list,
			g_strdup_printf("Content-Type: application/pkcs7-mime; smime-type=%s;\n"
					"\tname=\"smime.p7m\"",
					group->apart_by == name_of_gcm ? "authEnveloped-data"
								       : "enveloped-data"));
	g_ptr_array_add(list, g_strdup("Content-Transfer-Encoding: base64"));
	g_ptr_array_add(list, g_strdup("Content-Disposition: attachment; filename=\"smime.p7m\""));
	return list;
}

static const struct key *
signer(const struct delivery_context *delivery)
{
	return author_key(delivery, &delivery->smime_signer);
}

/* A key derivation as strong as the curve (RFC 5753 §7.1.4): OpenSSL would always use SHA-1. */
static const EVP_MD *
derivation_digest(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return bits <= 256 ? EVP_sha256() : bits <= 384 ? EVP_sha384() : EVP_sha512();
}

static bool
add_ec_recipient(CMS_ContentInfo *cms, const struct key *key, struct fault *fault)
{
	CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, key->certificate, CMS_KEY_PARAM);
	EVP_PKEY_CTX *context = info == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(info);

	if (context == NULL ||
	    EVP_PKEY_CTX_set_ecdh_kdf_md(
		    context, derivation_digest(X509_get0_pubkey(key->certificate))) != 1)
		return openssl_fault(fault, "addressing the envelope by key agreement");
	return true;
}

static bool
add_recipient(CMS_ContentInfo *cms, const struct key *key, struct fault *fault)
{
	CMS_RecipientInfo *info;
	EVP_PKEY_CTX *context;

	if (EVP_PKEY_get_base_id(X509_get0_pubkey(key->certificate)) == EVP_PKEY_EC)
		return add_ec_recipient(cms, key, fault);
	if (!key->oaep)
		return CMS_add1_recipient_cert(cms, key->certificate, 0) != NULL ||
		       openssl_fault(fault, "addressing the envelope");
	info = CMS_add1_recipient_cert(cms, key->certificate, CMS_KEY_PARAM);
	context = info == NULL ? NULL : CMS_RecipientInfo_get0_pkey_ctx(info);
	if (context == NULL || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) != 1)
		return openssl_fault(fault, "addressing the envelope with OAEP");
	return true;
}

static CMS_ContentInfo *
envelope(const struct group *group, struct fault *fault)
{
	const EVP_CIPHER *cipher =
		group->apart_by == name_of_gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
	g_autoptr(CMS_ContentInfo) cms =
		CMS_encrypt(NULL, NULL, cipher, CMS_STREAM | CMS_PARTIAL | CMS_BINARY);

	if (cms == NULL) {
		openssl_fault(fault, "making an envelope");
		return NULL;
	}
	if (!recipient_keys_check(group, "certificate", fault))
		return NULL;
	for (guint i = 0; i < group->keys->len; i++)
		if (!add_recipient(cms, g_ptr_array_index(group->keys, i), fault))
			return NULL;
	return g_steal_pointer(&cms);
}

/* Inside the envelope: an entity of its own (RFC 8551 §3.5.2), opaque so that no MTA on the way can
 * change the signed bytes. */
static bool
write_signed(const struct entity *entity, const struct key *key, struct sink *next,
	     struct fault *fault)
{
	static const char header[] =
		"Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n"
		"\tname=\"smime.p7m\"\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
	CMS_ContentInfo *cms = signature_new(key, 0, fault);
	struct base64_sink base64;
	struct cms_sink signing;
	bool done;

	if (cms == NULL)
		return false;
	base64_sink_init(&base64, next);
	done = cms_sink_init(&signing, cms, &base64.sink, fault) &&
	       sink_write(next, header, sizeof header - 1, fault) &&
	       entity_write(entity, &signing.sink, fault) && sink_finish(&signing.sink, fault) &&
	       sink_finish(&base64.sink, fault);
	cms_sink_clear(&signing);
	return done;
}

static bool
write_body(const struct delivery_context *delivery, const struct group *group, struct sink *sink,
	   struct fault *fault)
{
	const struct key *key = signer(delivery);
	CMS_ContentInfo *cms = envelope(group, fault);
	g_autoptr(GPtrArray) added = group_added(group);
	struct base64_sink base64;
	struct cms_sink sealing;
	struct entity entity;
	bool done;

	if (cms == NULL)
		return false;
	entity_init(&entity, delivery->message, group->tags, added, group->hides_subject);
	base64_sink_init(&base64, sink);
	done = cms_sink_init(&sealing, cms, &base64.sink, fault) &&
	       (key != NULL ? write_signed(&entity, key, &sealing.sink, fault)
			    : entity_write(&entity, &sealing.sink, fault)) &&
	       sink_finish(&sealing.sink, fault) && sink_finish(&base64.sink, fault);
	cms_sink_clear(&sealing);
	entity_clear(&entity);
	return done;
}

const struct method method_smime = {
	.name = "smime",
	.told = N_("encrypted with S/MIME"),
	.wish = N_("Encrypted for my S/MIME certificate"),
	.carriage = CARRIED_AS_MAIL,
	.in_place_rank = 2,
	.names_keys = true,
	.takes_keys = true,
	.key_kind = KEY_SMIME,
	.ciphers = ciphers,
	.is_possible = is_possible,
	.fields = fields,
	.write = write_body,
	.signer = signer,
};
