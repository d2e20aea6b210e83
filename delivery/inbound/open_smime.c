/* S/MIME (RFC 8551): EnvelopedData, AuthEnvelopedData. */
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "delivery/inbound/open.h"
#include "delivery/inbound/recipient_info.h"
#include "delivery/inbound/verify.h"
#include "mail/cms_envelope.h"
#include "mail/cms_type.h"
#include "mail/entity_sink.h"
#include "mail/mime_stream.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static const char no_use[] = "it could not be decrypted";

/* --- the cipher --- */

enum { IV_MAX = 16, TAG_BYTES = 16, NONCE_BYTES = 12 };

struct content_cipher {
	const EVP_CIPHER *cipher;
	unsigned char iv[IV_MAX];
	unsigned char tag[TAG_BYTES];
	bool is_authenticated;
};

static bool
take_octets(const ASN1_OCTET_STRING *string, unsigned char *bytes_r, size_t length)
{
	bool fits = string != NULL && (size_t)ASN1_STRING_length(string) == length;

	if (fits)
		memcpy(bytes_r, ASN1_STRING_get0_data(string), length);
	return fits;
}

/* AES-GCM (RFC 5084 §3.2): SEQUENCE of nonce and the length of the tag, which is 12 by default.
 * Only a whole tag of 16 bytes is taken. */
static bool
take_gcm(const ASN1_TYPE *parameters, GBytes *tag, struct content_cipher *cipher_r)
{
	STACK_OF(ASN1_TYPE) *list = parameters != NULL && parameters->type == V_ASN1_SEQUENCE
					    ? ASN1_item_unpack(parameters->value.sequence,
							       ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY))
					    : NULL;
	const ASN1_TYPE *nonce = list == NULL ? NULL : sk_ASN1_TYPE_value(list, 0);
	const ASN1_TYPE *length = list == NULL ? NULL : sk_ASN1_TYPE_value(list, 1);
	gsize tag_length = 0;
	const unsigned char *at = tag == NULL ? NULL : g_bytes_get_data(tag, &tag_length);
	ASN1_OCTET_STRING *octets = d2i_ASN1_OCTET_STRING(NULL, &at, (long)tag_length);
	bool is_good = nonce != NULL && nonce->type == V_ASN1_OCTET_STRING && length != NULL &&
		       length->type == V_ASN1_INTEGER &&
		       ASN1_INTEGER_get(length->value.integer) == TAG_BYTES &&
		       take_octets(nonce->value.octet_string, cipher_r->iv, NONCE_BYTES) &&
		       take_octets(octets, cipher_r->tag, TAG_BYTES);

	ASN1_OCTET_STRING_free(octets);
	sk_ASN1_TYPE_pop_free(list, ASN1_TYPE_free);
	return is_good;
}

static bool
take_cbc(const ASN1_TYPE *parameters, struct content_cipher *cipher_r)
{
	return parameters != NULL && parameters->type == V_ASN1_OCTET_STRING &&
	       take_octets(parameters->value.octet_string, cipher_r->iv,
			   (size_t)EVP_CIPHER_get_iv_length(cipher_r->cipher));
}

static bool
is_of_type(GBytes *type, int nid)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(type, &length);
	ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, (long)length);
	bool is = object != NULL && OBJ_obj2nid(object) == nid;

	ASN1_OBJECT_free(object);
	return is;
}

/* GCM authenticates only in AuthEnvelopedData: in EnvelopedData, nothing of it is shown. */
static bool
take_cipher(const struct cms_envelope *envelope, bool old_ciphers, struct content_cipher *cipher_r)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(envelope->cipher, &length);
	X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &at, (long)length);
	int nid = algorithm == NULL ? NID_undef : OBJ_obj2nid(algorithm->algorithm);
	bool is_gcm = nid == NID_aes_128_gcm || nid == NID_aes_192_gcm || nid == NID_aes_256_gcm;
	bool is_cbc = nid == NID_aes_128_cbc || nid == NID_aes_192_cbc || nid == NID_aes_256_cbc ||
		      (old_ciphers && nid == NID_des_ede3_cbc);
	bool taken = false;

	*cipher_r = (struct content_cipher){.cipher = EVP_get_cipherbynid(nid),
					    .is_authenticated = is_gcm};
	if (cipher_r->cipher == NULL)
		taken = false;
	else if (is_gcm)
		taken = is_of_type(envelope->type, NID_id_smime_ct_authEnvelopedData) &&
			take_gcm(algorithm->parameter, envelope->tag, cipher_r);
	else if (is_cbc)
		taken = is_of_type(envelope->type, NID_pkcs7_enveloped) && envelope->tag == NULL &&
			take_cbc(algorithm->parameter, cipher_r);
	X509_ALGOR_free(algorithm);
	ERR_clear_error();
	return taken;
}

static const char *
cipher_word(const struct content_cipher *cipher)
{
	switch (EVP_CIPHER_get_nid(cipher->cipher)) {
	case NID_aes_128_cbc:
		return "AES-128-CBC";
	case NID_aes_192_cbc:
		return "AES-192-CBC";
	case NID_aes_256_cbc:
		return "AES-256-CBC";
	case NID_aes_128_gcm:
		return "AES-128-GCM";
	case NID_aes_192_gcm:
		return "AES-192-GCM";
	case NID_aes_256_gcm:
		return "AES-256-GCM";
	default:
		return "3DES-CBC";
	}
}

/* --- decrypting --- */

struct decrypting_sink {
	struct sink sink;
	EVP_CIPHER_CTX *context;
	struct sink *next;
	struct fault why; /* the next sink failed; the rest is decrypted all the same */
};

enum { PIECE_BYTES = 16384 };

static bool
decrypt_piece(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct decrypting_sink *decrypting = (struct decrypting_sink *)sink;
	unsigned char plain[PIECE_BYTES + EVP_MAX_BLOCK_LENGTH];
	const unsigned char *at = data;

	while (length > 0) {
		int part = (int)MIN(length, (size_t)PIECE_BYTES), got;

		if (EVP_DecryptUpdate(decrypting->context, plain, &got, at, part) != 1)
			return fault_set(fault, FAULT_INPUT, "%s", no_use);
		if (got > 0 && !decrypting->next->failed)
			sink_write(decrypting->next, plain, (size_t)got, &decrypting->why);
		at += part;
		length -= (size_t)part;
	}
	sodium_memzero(plain, sizeof plain);
	return true;
}

/* Checks the authentication tag, or the padding. */
static bool
finish_decryption(struct sink *sink, struct fault *fault)
{
	struct decrypting_sink *decrypting = (struct decrypting_sink *)sink;
	unsigned char plain[EVP_MAX_BLOCK_LENGTH];
	int got = 0;

	if (EVP_DecryptFinal_ex(decrypting->context, plain, &got) != 1)
		return fault_set(fault, FAULT_INPUT, "%s", no_use);
	if (decrypting->next->failed) {
		*fault = decrypting->why;
		return false;
	}
	return (got == 0 || sink_write(decrypting->next, plain, (size_t)got, fault)) &&
	       sink_finish(decrypting->next, fault);
}

static EVP_CIPHER_CTX *
begin_decryption(const struct content_cipher *cipher, const unsigned char *content_key)
{
	g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();

	if (context == NULL ||
	    EVP_DecryptInit_ex(context, cipher->cipher, NULL, content_key, cipher->iv) != 1 ||
	    (cipher->is_authenticated && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
							     TAG_BYTES, (void *)cipher->tag) != 1))
		return NULL;
	return g_steal_pointer(&context);
}

/* To the end, whatever is found on the way: how long it takes does not tell what was wrong. */
static bool
decrypt(GMimePart *part, const struct content_cipher *cipher, const unsigned char *content_key,
	struct entity_sink *entity, struct fault *fault)
{
	g_autoptr(EVP_CIPHER_CTX) context = begin_decryption(cipher, content_key);
	struct decrypting_sink decrypting = {
		.sink = {.write = decrypt_piece, .finish = finish_decryption},
		.context = context,
		.next = &entity->sink};
	GMimeStream *content;
	bool done;

	if (context == NULL)
		return fault_set(fault, FAULT_CRYPTO, "decrypting with %s: OpenSSL failed",
				 cipher_word(cipher));
	content = mime_stream_of_part(part);
	done = cms_envelope_copy(content, &decrypting.sink, fault) &&
	       sink_finish(&decrypting.sink, fault) &&
	       (cipher->is_authenticated || !entity_sink_is_disturbed(entity) ||
		fault_set(fault, FAULT_INPUT, "%s", no_use));
	g_object_unref(content);
	ERR_clear_error();
	return done;
}

/* What is wrong with the message itself is no fault: it passes. */
static bool
is_about_message(const struct fault *fault)
{
	return fault->cause == FAULT_INPUT || fault->cause == FAULT_TOO_BIG;
}

/* Binary content shows nothing of what was done to it: it must be signed, or be encrypted itself.
 */
static bool
is_proof(GMimeObject *root, enum signature_worth worth)
{
	GMimeStream *content;
	enum cms_type type;

	if (!GMIME_IS_PART(root))
		return false;
	content = mime_stream_of_part(GMIME_PART(root));
	type = cms_type_of(content);
	g_object_unref(content);
	return type == CMS_ENCRYPTED ||
	       (type == CMS_SIGNED && (worth == SIGNATURE_PASS || worth == SIGNATURE_POLICY));
}

/* A cipher that does not authenticate was no hindrance if what is signed within it was changed. */
static bool
is_disproved(struct opening *opening, const struct open_request *request, bool is_binary,
	     bool *is_r, struct fault *fault)
{
	struct sealed *inner = &opening->inner;
	enum signature_worth worth;
	GMimeObject *root;

	if (!verify_bytes(inner, request->delivery, request->address, &worth, fault))
		return false;
	*is_r = worth == SIGNATURE_FAIL;
	if (*is_r || !is_binary)
		return true;
	root = parts_root(inner->parts, fault);
	if (root == NULL)
		return false;
	*is_r = !is_proof(root, worth);
	return parts_are_good(inner->parts, fault);
}

/* It stays unless it was changed, as far as that can be told; *opening_r is NULL if so. */
static bool
keep(struct sealed *sealed, const struct open_request *request, const struct content_cipher *cipher,
     bool is_binary, struct opening *opening, struct opening **opening_r, struct fault *fault)
{
	bool is_changed = false;

	*opening_r = NULL;
	opening_keep(sealed, opening, request->delivery);
	if (!cipher->is_authenticated &&
	    !is_disproved(opening, request, is_binary, &is_changed, fault))
		return false;
	if (is_changed) {
		g_ptr_array_remove(sealed->openings, opening);
		sealed->tries++;
	} else {
		*opening_r = opening;
	}
	return true;
}

/* *opening_r is NULL if it does not open with this content key. */
static bool
open_with(struct sealed *sealed, const struct open_request *request, GMimePart *part,
	  const struct content_cipher *cipher, const unsigned char *content_key,
	  struct opening **opening_r, struct fault *fault)
{
	const struct delivery_context *delivery = request->delivery;
	size_t length = (size_t)EVP_CIPHER_get_key_length(cipher->cipher);
	struct opening *opening;
	struct entity_sink entity;
	bool done, is_binary;

	*opening_r = sealed_opening(sealed, content_key, length);
	if (*opening_r != NULL || sealed->tries >= OPEN_TRIES_MAX)
		return true;
	opening = opening_new(delivery);
	entity_sink_init(&entity, opening->entity, delivery->settings->limit_headers);
	entity.is_suspect = !cipher->is_authenticated;
	done = decrypt(part, cipher, content_key, &entity, fault);
	is_binary = entity.is_binary;
	entity_sink_clear(&entity);
	if (done) {
		memcpy(opening->content_key, content_key, length);
		opening->content_key_length = length;
		opening->how = g_strdup_printf("S/MIME, %s", cipher_word(cipher));
		return keep(sealed, request, cipher, is_binary, opening, opening_r, fault);
	}
	opening_free(opening);
	sealed->tries++;
	return is_about_message(fault) && parts_are_good(sealed->parts, fault);
}

/* --- whose key --- */

struct attempt {
	struct sealed *sealed;
	const struct open_request *request;
	GMimePart *part;
	struct content_cipher cipher;
	unsigned keys;	 /* that the keeper was asked for */
	bool is_for_key; /* the message names one of these keys */
};

static bool
try_key(struct attempt *attempt, struct key *key, const struct recipient_info *info,
	struct opening **opening_r, struct fault *fault)
{
	const struct delivery_context *delivery = attempt->request->delivery;
	size_t length = (size_t)EVP_CIPHER_get_key_length(attempt->cipher.cipher);
	unsigned char content_key[KEEPER_KEY_MAX];
	struct keeper_wrapped wrapped;
	bool tried;

	*opening_r = NULL;
	if (!recipient_info_for(info, key->certificate, length, &wrapped))
		return true;
	attempt->is_for_key = true;
	if (attempt->keys++ >= OPEN_KEYS_MAX)
		return true;
	if (!keeper_unwrap(delivery->settings->keeper_socket, key->fingerprint, &wrapped,
			   content_key, fault))
		return false;
	tried = open_with(attempt->sealed, attempt->request, attempt->part, &attempt->cipher,
			  content_key, opening_r, fault);
	sodium_memzero(content_key, sizeof content_key);
	if (tried && *opening_r != NULL)
		g_ptr_array_add(attempt->request->keys, key_ref(key));
	return tried;
}

static bool
try_keys(struct attempt *attempt, const GPtrArray *keys, const struct cms_envelope *envelope,
	 struct opening **opening_r, struct fault *fault)
{
	*opening_r = NULL;
	for (guint i = 0; i < envelope->recipients->len && *opening_r == NULL; i++) {
		struct recipient_info *info =
			recipient_info_read(g_ptr_array_index(envelope->recipients, i));
		bool tried = true;

		for (guint k = 0; info != NULL && k < keys->len && tried && *opening_r == NULL; k++)
			tried = try_key(attempt, g_ptr_array_index(keys, k), info, opening_r,
					fault);
		recipient_info_free(info);
		if (!tried)
			return false;
	}
	return true;
}

static bool
open_envelope(struct sealed *sealed, const struct open_request *request, GMimePart *part,
	      const struct cms_envelope *envelope, struct opening **opening_r, char **why_r,
	      struct fault *fault)
{
	struct attempt attempt = {.sealed = sealed, .request = request, .part = part};
	g_autoptr(GPtrArray) keys = NULL;

	if (!take_cipher(envelope, request->old_ciphers, &attempt.cipher)) {
		*why_r =
			g_strdup("S/MIME: its cipher is not allowed, or not authenticated where it "
				 "must be");
		return true;
	}
	if (!open_keys(request, KEY_SMIME, &keys, fault) ||
	    !try_keys(&attempt, keys, envelope, opening_r, fault))
		return false;
	if (*opening_r == NULL)
		*why_r = g_strdup_printf("S/MIME: %s", attempt.is_for_key ? no_use
						       : keys->len > 0
							       ? "encrypted for other keys"
							       : "the recipient has no own key");
	return true;
}

bool
open_smime(struct sealed *sealed, const struct open_request *request, struct opening **opening_r,
	   char **why_r, struct fault *fault)
{
	GMimeObject *root = parts_root(sealed->parts, fault);
	struct cms_envelope envelope;
	GMimeStream *content;
	bool done;

	*opening_r = NULL;
	if (root == NULL)
		return false;
	content = mime_stream_of_part(GMIME_PART(root));
	if (cms_envelope_read(&envelope, content)) {
		done = open_envelope(sealed, request, GMIME_PART(root), &envelope, opening_r, why_r,
				     fault);
	} else {
		*why_r = g_strdup("S/MIME: it cannot be read");
		done = parts_are_good(sealed->parts, fault);
	}
	cms_envelope_clear(&envelope);
	g_object_unref(content);
	return done;
}
