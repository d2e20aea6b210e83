#include "keystore/reading.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <string.h>

#include "keystore/blocks.h"
#include "keystore/password_work.h"

enum { PASSWORD_MAX = 1024, OWN_MAX = 100000 };

struct source {
	const struct reading_settings *settings;
	const char *name;
	GPtrArray *certificates; /* X509 */
	GPtrArray *private_keys; /* EVP_PKEY */
	GPtrArray *broken;
	bool asked_in_vain; /* nobody knew the password */
	bool asked;
};

static void
add_broken(struct source *source, const char *label, const char *why)
{
	g_ptr_array_add(source->broken, g_strdup_printf("%s: %s", label, why));
}

static void
add_certificate(struct source *source, X509 *certificate)
{
	if (certificate == NULL)
		return;
	X509_up_ref(certificate);
	g_ptr_array_add(source->certificates, certificate);
}

/* --- what is encrypted --- */

/* Old PKCS#12 files use RC2 and triple DES: these are used only to open files that an admin has,
 * and nowhere else. */
static OSSL_LIB_CTX *
with_old_ciphers(void)
{
	static OSSL_LIB_CTX *context;
	static gsize made;

	if (g_once_init_enter(&made)) {
		context = OSSL_LIB_CTX_new();
		OSSL_PROVIDER_load(context, "default");
		OSSL_PROVIDER_load(context, "legacy");
		g_once_init_leave(&made, 1);
	}
	return context;
}

/* Loads the key again in OpenSSL's usual context, so that one that was opened with old ciphers
 * works like any other. */
static EVP_PKEY *
in_usual_context(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int length = i2d_PrivateKey(key, &der);
	const unsigned char *at = der;
	EVP_PKEY *usual = length <= 0 ? NULL : d2i_AutoPrivateKey(NULL, &at, length);

	OPENSSL_clear_free(der, (size_t)MAX(length, 0));
	return usual;
}

static void
add_private_key(struct source *source, const char *label, EVP_PKEY *key)
{
	EVP_PKEY *usual = key == NULL ? NULL : in_usual_context(key);

	if (usual != NULL)
		g_ptr_array_add(source->private_keys, usual);
	else
		add_broken(source, label, "the private key cannot be read (RFC 5958)");
	EVP_PKEY_free(key);
}

static int
password_for(char *buffer, int size, int writing, void *context)
{
	struct source *source = context;

	(void)writing;
	source->asked = true;
	if (source->settings->ask_password != NULL &&
	    source->settings->ask_password(source->settings->context, source->name, buffer,
					   (size_t)size))
		return (int)strlen(buffer);
	source->asked_in_vain = true;
	return -1;
}

static bool
is_unsupported(void)
{
	unsigned long error;
	bool found = false;

	while ((error = ERR_get_error()) != 0)
		found |= ERR_GET_REASON(error) == ERR_R_UNSUPPORTED ||
			 ERR_GET_REASON(error) == EVP_R_UNSUPPORTED_ALGORITHM ||
			 ERR_GET_REASON(error) == EVP_R_UNKNOWN_PBE_ALGORITHM;
	return found;
}

/* Why something could not be opened after its password was asked for. */
static bool
not_opened(const struct source *source, bool unsupported, struct fault *fault)
{
	return fault_set(
		fault, FAULT_INPUT, "reading %s: %s", source->name,
		source->asked_in_vain ? "no password was given"
		: unsupported
			? "its encryption is unknown to OpenSSL, or needs the legacy provider, "
			  "which is not installed here"
			: "the password is wrong");
}

static bool
too_much_work(const struct source *source, struct fault *fault)
{
	return fault_set(fault, FAULT_INPUT,
			 "reading %s: its password would have to be hashed more than %d times",
			 source->name, PASSWORD_WORK_MAX);
}

/* Of PEM, the DER within. */
static bool
is_bearable(const char *text, size_t length)
{
	BIO *memory = BIO_new_mem_buf(text, (int)length);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long size;
	bool bearable = PEM_read_bio(memory, &name, &header, &der, &size) != 1 ||
			password_work_of_key_is_bearable(der, (size_t)size);

	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(memory);
	return bearable;
}

static bool
read_private_key(struct source *source, const struct block *block, struct fault *fault)
{
	gsize length;
	const char *text = g_bytes_get_data(block->bytes, &length);
	BIO *memory;
	EVP_PKEY *key;
	bool unsupported;

	if (!is_bearable(text, length))
		return too_much_work(source, fault);
	memory = BIO_new_mem_buf(text, (int)length);

	source->asked = false;
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey_ex(memory, NULL, password_for, source, with_old_ciphers(),
					 NULL);
	unsupported = key == NULL && is_unsupported();
	BIO_free(memory);
	if (key == NULL && source->asked)
		return not_opened(source, unsupported, fault);
	add_private_key(source, block->label, key);
	return true;
}

static void
add_bundle(struct source *source, EVP_PKEY *key, X509 *certificate, STACK_OF(X509) * others)
{
	add_certificate(source, certificate);
	for (int i = 0; i < sk_X509_num(others); i++)
		add_certificate(source, sk_X509_value(others, i));
	if (key != NULL)
		add_private_key(source, "PKCS#12", key);
	X509_free(certificate);
	sk_X509_pop_free(others, X509_free);
}

/* What a bundle holds. */
struct contents {
	EVP_PKEY *key;
	X509 *certificate;
	STACK_OF(X509) * others;
};

/* No password may be the empty text, or nothing at all (RFC 7292 §B.1). */
static bool
is_right(PKCS12 *bundle, const char *password)
{
	return PKCS12_verify_mac(bundle, password, -1) == 1 ||
	       (*password == '\0' && PKCS12_verify_mac(bundle, NULL, 0) == 1);
}

/* *bearable_r is only ever set to false. */
static bool
parse_pkcs12(PKCS12 *bundle, const char *password, struct contents *contents, bool *bearable_r)
{
	ERR_clear_error();
	if (is_right(bundle, password) && !password_work_within_is_bearable(bundle, password))
		*bearable_r = false;
	return *bearable_r && PKCS12_parse(bundle, password, &contents->key, &contents->certificate,
					   &contents->others) == 1;
}

static bool
open_pkcs12(struct source *source, PKCS12 *bundle, struct fault *fault)
{
	char password[PASSWORD_MAX] = "";
	struct contents contents = {0};
	/* OpenSSL 3.0 looks for the ciphers of the bundle's keys only in this thread's context. */
	OSSL_LIB_CTX *usual = OSSL_LIB_CTX_set0_default(with_old_ciphers());
	bool bearable = password_work_is_bearable(bundle);
	bool opened = bearable && parse_pkcs12(bundle, "", &contents, &bearable);

	if (!opened && bearable && password_for(password, sizeof password, 0, source) >= 0)
		opened = parse_pkcs12(bundle, password, &contents, &bearable);
	OSSL_LIB_CTX_set0_default(usual);
	sodium_memzero(password, sizeof password);
	if (!bearable)
		return too_much_work(source, fault);
	if (!opened)
		return not_opened(source, is_unsupported(), fault);
	add_bundle(source, contents.key, contents.certificate, contents.others);
	return true;
}

/* --- certificates --- */

/* *found_r: it is a PKCS#12 file. */
static bool
read_pkcs12(struct source *source, const unsigned char *der, size_t length, bool *found_r,
	    struct fault *fault)
{
	PKCS12 *bundle = PKCS12_init_ex(NID_pkcs7_data, with_old_ciphers(), NULL);
	const unsigned char *at = der;
	bool opened = true;

	*found_r = bundle != NULL && d2i_PKCS12(&bundle, &at, (long)length) != NULL;
	if (*found_r && source->settings->is_foreign)
		opened = fault_set(
			fault, FAULT_INPUT,
			"reading %s: it is PKCS#12, which contains a private key; send only the "
			"certificate",
			source->name);
	else if (*found_r)
		opened = open_pkcs12(source, bundle, fault);
	PKCS12_free(bundle);
	return opened;
}

/* The certificates in PKCS#7 or CMS. */
static bool
read_signed_data(struct source *source, const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)length);
	STACK_OF(X509) *certificates = cms == NULL ? NULL : CMS_get1_certs(cms);

	for (int i = 0; i < sk_X509_num(certificates); i++)
		add_certificate(source, sk_X509_value(certificates, i));
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	return cms != NULL;
}

static bool
read_der(struct source *source, const struct block *block, struct fault *fault)
{
	gsize length;
	const unsigned char *der = g_bytes_get_data(block->bytes, &length), *at = der;
	g_autoptr(X509) certificate = d2i_X509(NULL, &at, (long)length);
	EVP_PKEY *key;
	bool found;

	if (certificate != NULL) {
		add_certificate(source, certificate);
		return true;
	}
	if (read_signed_data(source, der, length))
		return true;
	if (!read_pkcs12(source, der, length, &found, fault))
		return false;
	if (found)
		return true;
	at = der;
	key = d2i_AutoPrivateKey(NULL, &at, (long)length);
	if (key != NULL)
		add_private_key(source, block->label, key);
	else
		add_broken(source, block->label,
			   "it is not a certificate (RFC 5280 §4.1), CMS (RFC 5652 §3), PKCS#12 "
			   "(RFC 7292 §4) or private key (RFC 5958 §2)");
	return true;
}

static void
read_certificate(struct source *source, const struct block *block)
{
	gsize length;
	const char *text = g_bytes_get_data(block->bytes, &length);
	BIO *memory = BIO_new_mem_buf(text, (int)length);
	g_autoptr(X509) certificate = PEM_read_bio_X509_AUX(memory, NULL, NULL, NULL);

	BIO_free(memory);
	if (certificate == NULL)
		add_broken(source, block->label,
			   "the certificate cannot be read (RFC 7468 §5.1, RFC 5280 §4.1)");
	add_certificate(source, certificate);
}

static void
read_bundle(struct source *source, const struct block *block)
{
	gsize size;
	const char *text = g_bytes_get_data(block->bytes, &size);
	BIO *memory = BIO_new_mem_buf(text, (int)size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long length;

	if (PEM_read_bio(memory, &name, &header, &der, &length) != 1 ||
	    !read_signed_data(source, der, (size_t)length))
		add_broken(source, block->label,
			   "the certificates cannot be read (RFC 7468 §8, §9, RFC 5652 §5.1)");
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(memory);
}

static bool
read_block(struct source *source, const struct block *block, struct fault *fault)
{
	if (!block->is_whole)
		add_broken(source, block->label, "its END line is missing (RFC 7468 §2)");
	else if (strcmp(block->label, "DER") == 0)
		return read_der(source, block, fault);
	else if (g_str_has_suffix(block->label, "PRIVATE KEY"))
		return read_private_key(source, block, fault);
	else if (g_str_has_suffix(block->label, "CERTIFICATE"))
		read_certificate(source, block);
	else if (strcmp(block->label, "PKCS7") == 0 || strcmp(block->label, "CMS") == 0 ||
		 strcmp(block->label, "PKCS #7 SIGNED DATA") == 0)
		read_bundle(source, block);
	else if (!g_str_has_suffix(block->label, " PARAMETERS"))
		add_broken(source, block->label,
			   "it is neither a certificate nor a key (RFC 7468)");
	return true;
}

/* --- facts --- */

static GBytes *
secret_of(EVP_PKEY *key)
{
	unsigned char *der = NULL, *copy;
	int length = i2d_PrivateKey(key, &der);

	if (length <= 0)
		return NULL;
	copy = g_memdup2(der, (gsize)length);
	OPENSSL_clear_free(der, (size_t)length);
	return key_secret_bytes(copy, (size_t)length);
}

/* Lists each certificate once, with its private half if the file has it. `listed`: fingerprints,
 * which the keys own. */
static void
add_facts(struct source *source, X509 *certificate, GHashTable *listed, GPtrArray *used,
	  GPtrArray *keys)
{
	struct key_facts *facts = key_facts_of_certificate(certificate);

	if (!g_hash_table_add(listed, facts->fingerprint)) {
		key_facts_free(facts);
		return;
	}
	for (guint i = 0; i < source->private_keys->len && facts->secret == NULL; i++) {
		EVP_PKEY *key = g_ptr_array_index(source->private_keys, i);

		if (X509_check_private_key(certificate, key) != 1)
			continue;
		facts->secret = secret_of(key);
		g_ptr_array_add(used, key);
	}
	ERR_clear_error();
	g_ptr_array_add(keys, facts);
}

static void
collect_facts(struct source *source, GPtrArray *keys)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new();
	g_autoptr(GHashTable) listed = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < source->certificates->len; i++)
		add_facts(source, g_ptr_array_index(source->certificates, i), listed, used, keys);
	for (guint i = 0; i < source->private_keys->len; i++)
		if (!g_ptr_array_find(used, g_ptr_array_index(source->private_keys, i), NULL))
			add_broken(source, "PRIVATE KEY",
				   "no certificate in the same file belongs to it");
}

static bool
read_openpgp(const struct source *source, const GPtrArray *blocks, GPtrArray *keys,
	     struct fault *fault)
{
	g_autoptr(GPtrArray) openpgp = g_ptr_array_new();

	for (guint i = 0; i < blocks->len; i++)
		if (block_is_openpgp(g_ptr_array_index(blocks, i)))
			g_ptr_array_add(openpgp, g_ptr_array_index(blocks, i));
	return openpgp->len == 0 ||
	       openpgp_read(openpgp, source->settings->known, source->settings->gpg_program, keys,
			    source->broken, fault);
}

static bool
read_all(struct source *source, const GPtrArray *blocks, GPtrArray *keys, struct fault *fault)
{
	for (guint i = 0; i < blocks->len; i++) {
		const struct block *block = g_ptr_array_index(blocks, i);

		if (!block_is_openpgp(block) && !read_block(source, block, fault))
			return false;
	}
	ERR_clear_error();
	collect_facts(source, keys);
	return read_openpgp(source, blocks, keys, fault) ||
	       fault_within(fault, "reading %s", source->name);
}

/* A file in which everything is broken is an error, and so is an empty one. */
static bool
check_found(const struct source *source, const GPtrArray *keys, struct fault *fault)
{
	if (keys->len > 0)
		return true;
	return fault_set(fault, FAULT_INPUT, "reading %s: %s", source->name,
			 source->broken->len > 0
				 ? (const char *)g_ptr_array_index(source->broken, 0)
				 : "it contains no certificate (PEM, DER, PKCS#7, PKCS#12) and no "
				   "OpenPGP key");
}

bool
reading_take(struct reading *reading_r, const struct reading_settings *settings, const char *name,
	     const void *bytes, size_t length, struct fault *fault)
{
	const unsigned most = settings->is_foreign ? BLOCKS_STRANGERS_MAX : OWN_MAX;
	g_autoptr(GPtrArray) blocks = blocks_find(bytes, length, most);
	g_autoptr(GPtrArray) certificates =
		g_ptr_array_new_with_free_func((GDestroyNotify)X509_free);
	g_autoptr(GPtrArray) private_keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)EVP_PKEY_free);
	struct source source = {.settings = settings,
				.name = name,
				.certificates = certificates,
				.private_keys = private_keys};

	*reading_r = (struct reading){
		.keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_facts_free),
		.broken = g_ptr_array_new_with_free_func(g_free)};
	source.broken = reading_r->broken;
	if (blocks->len > most)
		return fault_set(fault, FAULT_INPUT,
				 "reading %s: it has more than %u certificates and keys; please "
				 "split it",
				 name, most);
	return read_all(&source, blocks, reading_r->keys, fault) &&
	       check_found(&source, reading_r->keys, fault);
}

void
reading_clear(struct reading *reading)
{
	g_clear_pointer(&reading->keys, g_ptr_array_unref);
	g_clear_pointer(&reading->broken, g_ptr_array_unref);
}
