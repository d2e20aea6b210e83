#include "delivery/inbound/verify.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

#include "delivery/inbound/announced.h"
#include "keystore/certificate.h"
#include "mail/ambiguity.h"
#include "mail/cms_content.h"
#include "mail/cms_digests.h"
#include "mail/cms_sink.h"
#include "mail/cms_type.h"
#include "mail/mime_stream.h"
#include "mail/signed_part.h"

/* Of a structure: bytes, without what it contains; certificates; signers. */
enum { STRUCTURE_MAX = 1 << 20, CERTIFICATES_MAX = 20, SIGNERS_MAX = 20 };
/* A larger one has thousands of addresses, which would be read for each signer. */
enum { CERTIFICATE_BYTES_MAX = 64 * 1024 };
enum { PIECE_BYTES = 16384 };

void
signature_clear(struct signature *signature)
{
	g_clear_pointer(&signature->why, g_free);
	g_clear_pointer(&signature->fingerprint, g_free);
	g_clear_pointer(&signature->address, g_free);
	g_clear_pointer(&signature->mailed, mailed_key_free);
}

const char *
signature_worth_word(enum signature_worth worth)
{
	static const char *const words[] = {[SIGNATURE_NONE] = "none",
					    [SIGNATURE_PASS] = "pass",
					    [SIGNATURE_POLICY] = "policy",
					    [SIGNATURE_FAIL] = "fail",
					    [SIGNATURE_NEUTRAL] = "neutral"};

	return words[worth];
}

bool
signature_say(struct signature *signature, enum signature_worth worth, const char *why)
{
	signature->worth = worth;
	g_free(signature->why);
	signature->why = g_strdup(why);
	return true;
}

/* --- the signed bytes, for OpenSSL to read --- */

struct signed_bytes {
	struct spool_part part;
	uint64_t at;
	bool failed;
	struct fault *fault;
};

static int
read_signed(BIO *bio, char *data, int length)
{
	struct signed_bytes *bytes = BIO_get_data(bio);
	uint64_t left = bytes->part.length - bytes->at;
	size_t got = 0;

	if (left == 0 || length <= 0)
		return 0;
	if (!spool_read(bytes->part.spool, bytes->part.offset + bytes->at, data,
			(size_t)MIN((uint64_t)length, left), &got, bytes->fault)) {
		bytes->failed = true;
		return -1;
	}
	bytes->at += got;
	return (int)got;
}

static long
control(BIO *bio, int command, long number, void *pointer)
{
	const struct signed_bytes *bytes = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	return command == BIO_CTRL_EOF ? bytes->at == bytes->part.length
				       : command == BIO_CTRL_FLUSH;
}

/* Made once; kept for ever. */
static BIO_METHOD *
reading_method(void)
{
	static gsize method;

	if (g_once_init_enter(&method)) {
		BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "part");

		BIO_meth_set_read(made, read_signed);
		BIO_meth_set_ctrl(made, control);
		g_once_init_leave(&method, (gsize)made);
	}
	return (BIO_METHOD *)method;
}

static BIO *
signed_bytes_bio(struct signed_bytes *bytes)
{
	BIO *bio = BIO_new(reading_method());

	BIO_set_data(bio, bytes);
	BIO_set_init(bio, 1);
	return bio;
}

/* --- the structure --- */

/* NULL: it names too many digests, or is no CMS structure. */
static CMS_ContentInfo *
parse_structure(GBytes *ber)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(ber, &length);
	CMS_ContentInfo *cms = length > 0 && cms_digests_are_few(at, length)
				       ? d2i_CMS_ContentInfo(NULL, &at, (long)length)
				       : NULL;

	ERR_clear_error();
	return cms;
}

/* NULL: it is too large, or as above. */
static CMS_ContentInfo *
read_structure(GMimePart *part)
{
	GMimeStream *stream = mime_stream_of_part(part);
	GByteArray *ber = g_byte_array_new();
	g_autofree guint8 *piece = g_malloc(PIECE_BYTES);
	g_autoptr(GBytes) bytes = NULL;
	ssize_t got;

	while ((got = g_mime_stream_read(stream, (char *)piece, PIECE_BYTES)) > 0 &&
	       ber->len <= STRUCTURE_MAX)
		g_byte_array_append(ber, piece, (guint)got);
	g_object_unref(stream);
	bytes = g_byte_array_free_to_bytes(ber);
	return g_bytes_get_size(bytes) <= STRUCTURE_MAX ? parse_structure(bytes) : NULL;
}

static bool
is_weak(CMS_SignerInfo *signer)
{
	X509_ALGOR *digest;
	const ASN1_OBJECT *object;
	int nid;

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, digest);
	nid = OBJ_obj2nid(object);
	return nid == NID_md5 || nid == NID_sha1;
}

/* --- whose it is --- */

static bool
names(X509 *certificate, const char *address)
{
	g_autoptr(GPtrArray) addresses = certificate_addresses(certificate);

	return address != NULL &&
	       g_ptr_array_find_with_equal_func(addresses, address, g_str_equal, NULL);
}

/* Whether it was revoked is asked first, if nobody knows yet. */
static bool
vouch(const struct delivery_context *delivery, X509 *certificate, STACK_OF(X509) * others,
      struct vouching *vouching_r, struct fault *fault)
{
	const gint64 until =
		g_get_monotonic_time() + (gint64)delivery->settings->keys_within * G_USEC_PER_SEC;
	g_autoptr(GPtrArray) chains = g_ptr_array_new();

	if (!keystore_vouches(delivery->keystore, certificate, others, vouching_r, fault))
		return false;
	if (!vouching_r->is_unchecked)
		return true;
	g_ptr_array_add(chains, vouching_r->chain);
	if (!revocation_before(delivery->revocation, chains, until))
		return true;
	vouching_clear(vouching_r);
	return keystore_vouches(delivery->keystore, certificate, others, vouching_r, fault);
}

static bool
judge_certificate(CMS_SignerInfo *signer, X509 *certificate, STACK_OF(X509) * others,
		  const struct delivery_context *delivery, struct signature *signature_r,
		  struct fault *fault)
{
	g_autofree char *cannot_encrypt = NULL, *cannot_sign = NULL;
	g_auto(vouching_auto) vouching = {0};

	signature_r->fingerprint = certificate_fingerprint(certificate);
	certificate_uses(certificate, &cannot_encrypt, &cannot_sign);
	if (cannot_sign != NULL)
		return signature_say(signature_r, SIGNATURE_POLICY, cannot_sign);
	if (delivery->from == NULL)
		return signature_say(signature_r, SIGNATURE_POLICY,
				     "From does not name one author");
	if (!names(certificate, delivery->from))
		return signature_say(signature_r, SIGNATURE_POLICY, "it is not the author's");
	if (!vouch(delivery, certificate, others, &vouching, fault))
		return false;
	if (vouching.why != NULL)
		return signature_say(signature_r, SIGNATURE_POLICY, vouching.why);
	/* An authority that is trusted for partners says nothing about employees. */
	if (vouching.trust < TRUST_ORGANISATION &&
	    keystore_is_employee(delivery->settings->domains, delivery->from))
		return signature_say(signature_r, SIGNATURE_POLICY,
				     "its authority is not trusted for the organisation's own "
				     "addresses");
	signature_r->address = g_strdup(delivery->from);
	return signature_say(signature_r, SIGNATURE_PASS, NULL) &&
	       announced_find(signer, certificate, others, delivery, &signature_r->mailed, fault);
}

static bool
is_large(X509 *certificate)
{
	return i2d_X509(certificate, NULL) > CERTIFICATE_BYTES_MAX;
}

/* The certificates of a structure that may matter; the caller frees them. */
static STACK_OF(X509) * certificates_of(CMS_ContentInfo *cms)
{
	STACK_OF(X509) *certificates = CMS_get1_certs(cms);

	for (int i = sk_X509_num(certificates) - 1; i >= 0; i--)
		if (i >= CERTIFICATES_MAX || is_large(sk_X509_value(certificates, i)))
			X509_free(sk_X509_delete(certificates, i));
	return certificates;
}

static bool
judge_signer(CMS_SignerInfo *signer, STACK_OF(X509) * others,
	     const struct delivery_context *delivery, struct signature *signature_r,
	     struct fault *fault)
{
	X509 *certificate = NULL;

	CMS_SignerInfo_get0_algs(signer, NULL, &certificate, NULL, NULL);
	if (is_weak(signer))
		return signature_say(signature_r, SIGNATURE_POLICY,
				     "its digest is too weak (RFC 8551 §2.1)");
	if (is_large(certificate))
		return signature_say(signature_r, SIGNATURE_POLICY,
				     "its certificate is larger than 64 kB");
	return judge_certificate(signer, certificate, others, delivery, signature_r, fault);
}

/* Every signer's signature was found to be good; one of them must be the author's. */
static bool
judge_signers(CMS_ContentInfo *cms, const struct delivery_context *delivery,
	      struct signature *signature_r, struct fault *fault)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	STACK_OF(X509) *others = certificates_of(cms);
	bool done = true;

	for (int i = 0;
	     i < sk_CMS_SignerInfo_num(signers) && done && signature_r->worth != SIGNATURE_PASS;
	     i++) {
		signature_clear(signature_r);
		done = judge_signer(sk_CMS_SignerInfo_value(signers, i), others, delivery,
				    signature_r, fault);
	}
	sk_X509_pop_free(others, X509_free);
	return done;
}

/* Without the author's certificate in it, a signature can be good without anybody knowing whose it
 * is. */
static bool
check(CMS_ContentInfo *cms, BIO *content, const struct delivery_context *delivery,
      struct signature *signature_r, struct fault *fault)
{
	BIO *nothing = BIO_new(BIO_s_null());
	bool is_good = CMS_verify(cms, NULL, NULL, content, nothing,
				  CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
	unsigned long error = ERR_peek_last_error();

	BIO_free(nothing);
	ERR_clear_error();
	if (is_good && signature_r->is_of_nobody)
		return signature_say(signature_r, SIGNATURE_POLICY, "nobody asked whose it is");
	if (is_good)
		return judge_signers(cms, delivery, signature_r, fault);
	if (ERR_GET_REASON(error) == CMS_R_SIGNER_CERTIFICATE_NOT_FOUND)
		return signature_say(signature_r, SIGNATURE_NEUTRAL,
				     "it does not contain the certificate");
	return signature_say(signature_r, SIGNATURE_FAIL, "the message is not what was signed");
}

/* --- the two forms --- */

/* Without content. */
static bool
is_signed_structure(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);

	return OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed && content != NULL &&
	       *content == NULL && OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_pkcs7_data &&
	       sk_CMS_SignerInfo_num(signers) > 0 && sk_CMS_SignerInfo_num(signers) <= SIGNERS_MAX;
}

static bool
check_part(CMS_ContentInfo *cms, const struct spool_part *part,
	   const struct delivery_context *delivery, struct signature *signature_r,
	   struct fault *fault)
{
	struct signed_bytes bytes = {.part = *part, .fault = fault};
	BIO *content = signed_bytes_bio(&bytes);
	bool done = check(cms, content, delivery, signature_r, fault);

	BIO_free(content);
	return done && !bytes.failed;
}

/* Its content may be as large as a message: it goes to a spool, and is read from there. */
static bool
verify_opaque(GMimePart *part, const struct delivery_context *delivery,
	      struct signature *signature_r, struct fault *fault)
{
	g_autoptr(spool_auto) content = spool_new(delivery->variants);
	GMimeStream *stream = mime_stream_of_part(part);
	g_autoptr(GBytes) structure =
		cms_content_take(stream, STRUCTURE_MAX, spool_sink(content), fault);
	g_autoptr(CMS_ContentInfo) cms = structure == NULL ? NULL : parse_structure(structure);

	g_object_unref(stream);
	if (!spool_check(content, fault))
		return false;
	if (cms == NULL || !is_signed_structure(cms))
		return signature_say(signature_r, SIGNATURE_NEUTRAL, "it cannot be read");
	return check_part(cms,
			  &(struct spool_part){.spool = content, .length = spool_size(content)},
			  delivery, signature_r, fault);
}

static bool
verify_detached(struct parts *parts, GMimeMultipart *root, const struct delivery_context *delivery,
		struct signature *signature_r, struct fault *fault)
{
	GMimeObject *second = g_mime_multipart_get_part(root, 1);
	const char *boundary =
		g_mime_object_get_content_type_parameter(GMIME_OBJECT(root), "boundary");
	g_autoptr(CMS_ContentInfo) cms =
		GMIME_IS_PART(second) ? read_structure(GMIME_PART(second)) : NULL;
	struct spool_part signed_part;
	bool found = false;

	if (cms == NULL || !is_signed_structure(cms) || boundary == NULL)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, "it cannot be read");
	if (!signed_part_find(parts_message(parts), boundary, &signed_part, &found, fault))
		return false;
	if (!found)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, SIGNED_WITH_OTHERS);
	return check_part(cms, &signed_part, delivery, signature_r, fault);
}

static bool
is_type(GMimeObject *object, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(object), type, subtype);
}

static bool
is_signature_part(GMimeObject *object)
{
	return is_type(object, "application", "pkcs7-signature") ||
	       is_type(object, "application", "x-pkcs7-signature");
}

static bool
is_opaque(GMimeObject *root)
{
	GMimeStream *content;
	bool is;

	if (!GMIME_IS_PART(root) || (!is_type(root, "application", "pkcs7-mime") &&
				     !is_type(root, "application", "x-pkcs7-mime")))
		return false;
	content = mime_stream_of_part(GMIME_PART(root));
	is = cms_type_of(content) == CMS_SIGNED;
	g_object_unref(content);
	return is;
}

/* Armor shows near the beginning, unless the text is in base64. */
static bool
may_be_signed_in_clear(const struct message *message, bool *may_r, struct fault *fault)
{
	g_autofree char *encoding = message_field_text(message, "Content-Transfer-Encoding");
	g_autofree char *beginning = g_malloc0(PIECE_BYTES + 1);
	size_t got;

	if (!spool_read(message->body, 0, beginning, PIECE_BYTES, &got, fault))
		return false;
	*may_r = strstr(beginning, "-----BEGIN PGP SIGNED") != NULL ||
		 (encoding != NULL && g_ascii_strcasecmp(encoding, "base64") == 0);
	return true;
}

/* Only mail that may be signed is looked into. */
static bool
may_be_signed(const struct message *message, bool *may_r, struct fault *fault)
{
	g_autofree char *value = message_field_text(message, "Content-Type");
	GMimeContentType *type =
		g_mime_content_type_parse(NULL, value == NULL ? "text/plain" : value);
	bool is_text = g_mime_content_type_is_type(type, "text", "plain");

	*may_r = g_mime_content_type_is_type(type, "multipart", "signed") ||
		 g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
		 g_mime_content_type_is_type(type, "application", "x-pkcs7-mime");
	g_object_unref(type);
	return !is_text || may_be_signed_in_clear(message, may_r, fault);
}

enum form { FORM_NONE, FORM_SMIME_DETACHED, FORM_SMIME_OPAQUE, FORM_PGP_DETACHED, FORM_TEXT };

static enum form
form_of(GMimeObject *root)
{
	GMimeObject *second;

	if (GMIME_IS_PART(root) && is_type(root, "text", "plain"))
		return FORM_TEXT;
	if (is_opaque(root))
		return FORM_SMIME_OPAQUE;
	if (!GMIME_IS_MULTIPART(root) || !is_type(root, "multipart", "signed") ||
	    g_mime_multipart_get_count(GMIME_MULTIPART(root)) != 2)
		return FORM_NONE;
	second = g_mime_multipart_get_part(GMIME_MULTIPART(root), 1);
	return is_signature_part(second)	 ? FORM_SMIME_DETACHED
	       : verify_pgp_is_signature(second) ? FORM_PGP_DETACHED
						 : FORM_NONE;
}

static bool
verify_form(enum form form, struct sealed *sealed, GMimeObject *root,
	    const struct delivery_context *delivery, const char *reader,
	    struct signature *signature_r, struct fault *fault)
{
	switch (form) {
	case FORM_SMIME_DETACHED:
		return verify_detached(sealed->parts, GMIME_MULTIPART(root), delivery, signature_r,
				       fault);
	case FORM_SMIME_OPAQUE:
		return verify_opaque(GMIME_PART(root), delivery, signature_r, fault);
	case FORM_PGP_DETACHED:
		return verify_pgp_detached(sealed, delivery, reader, signature_r, fault);
	case FORM_TEXT:
		return verify_pgp_clear(sealed, delivery, reader, signature_r, fault);
	default:
		return true;
	}
}

static bool
verify_structure(struct sealed *sealed, const struct delivery_context *delivery, const char *reader,
		 struct signature *signature_r, struct fault *fault)
{
	const char *why = NULL;
	GMimeObject *root;
	enum form form;
	bool may_be;

	if (!may_be_signed(sealed->message, &may_be, fault))
		return false;
	if (!may_be)
		return true;
	root = parts_root(sealed->parts, fault);
	if (root == NULL)
		return false;
	form = form_of(root);
	if (form == FORM_NONE)
		return parts_are_good(sealed->parts, fault);
	if (!parts_are_clear(sealed->parts, &why, fault))
		return false;
	if (!verify_form(form, sealed, root, delivery, reader, signature_r, fault) ||
	    !parts_are_good(sealed->parts, fault))
		return false;
	return (why == NULL && ambiguity_of(root) == NULL) ||
	       signature_r->worth == SIGNATURE_NONE ||
	       signature_say(signature_r, SIGNATURE_NEUTRAL,
			     "mail programs read the message in different ways");
}

bool
verify_signature(struct sealed *sealed, const struct delivery_context *delivery, const char *reader,
		 struct signature *signature_r, struct fault *fault)
{
	*signature_r = (struct signature){0};
	if (!verify_structure(sealed, delivery, reader, signature_r, fault))
		return false;
	return signature_r->worth != SIGNATURE_NONE || sealed->signed_within == NULL ||
	       sealed->signed_within->len == 0 ||
	       verify_pgp_judge(sealed->signed_within, delivery, reader, signature_r, fault);
}

bool
verify_bytes(struct sealed *sealed, const struct delivery_context *delivery, const char *reader,
	     enum signature_worth *worth_r, struct fault *fault)
{
	struct signature signature = {.is_of_nobody = true};
	bool done = verify_structure(sealed, delivery, reader, &signature, fault);

	*worth_r = signature.worth;
	signature_clear(&signature);
	return done;
}
