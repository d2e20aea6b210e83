#include "keystore/password_work.h"

#include <glib.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

/* --- one algorithm --- */

/* Too large a number, or a negative one, is more than is bearable. */
static guint64
number(const ASN1_INTEGER *integer)
{
	guint64 value;

	if (integer == NULL)
		return 1;
	return ASN1_INTEGER_get_uint64(&value, integer) == 1 ? MIN(value, G_MAXUINT32)
							     : G_MAXUINT32;
}

static void *
parameters_of(const X509_ALGOR *algorithm, const ASN1_ITEM *item)
{
	const void *value;
	int type;

	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	return type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, item) : NULL;
}

static int
nid_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *object;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	return OBJ_obj2nid(object);
}

static guint64
work_of_scrypt(const X509_ALGOR *derivation)
{
	SCRYPT_PARAMS *scrypt = parameters_of(derivation, ASN1_ITEM_rptr(SCRYPT_PARAMS));
	guint64 work = scrypt == NULL ? 0 : number(scrypt->costParameter);

	if (scrypt != NULL && work <= PASSWORD_WORK_MAX)
		work *= number(scrypt->blockSize);
	if (scrypt != NULL && work <= PASSWORD_WORK_MAX)
		work *= number(scrypt->parallelizationParameter);
	SCRYPT_PARAMS_free(scrypt);
	return work;
}

static guint64
work_of_derivation(const X509_ALGOR *derivation)
{
	PBKDF2PARAM *pbkdf2;
	guint64 work;

	if (nid_of(derivation) == NID_id_scrypt)
		return work_of_scrypt(derivation);
	pbkdf2 = parameters_of(derivation, ASN1_ITEM_rptr(PBKDF2PARAM));
	work = pbkdf2 == NULL ? 0 : number(pbkdf2->iter);
	PBKDF2PARAM_free(pbkdf2);
	return work;
}

/* What OpenSSL cannot read either is no work. */
static guint64
work_of(const X509_ALGOR *algorithm)
{
	guint64 work;

	if (nid_of(algorithm) == NID_pbes2) {
		PBE2PARAM *pbes2 = parameters_of(algorithm, ASN1_ITEM_rptr(PBE2PARAM));

		work = pbes2 == NULL ? 0 : work_of_derivation(pbes2->keyfunc);
		PBE2PARAM_free(pbes2);
	} else {
		PBEPARAM *pbe = parameters_of(algorithm, ASN1_ITEM_rptr(PBEPARAM));

		work = pbe == NULL ? 0 : number(pbe->iter);
		PBEPARAM_free(pbe);
	}
	return work;
}

/* --- all of a bundle --- */

static guint64
work_of_bags(STACK_OF(PKCS12_SAFEBAG) * bags)
{
	guint64 work = 0;

	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		const X509_ALGOR *algorithm;

		if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag) {
			X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
			work += work_of(algorithm);
		} else if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag) {
			/* bags within a bag: nobody writes them, and they may be without end */
			work = G_MAXUINT32;
		}
	}
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return work;
}

static guint64
work_of_safe(PKCS7 *safe)
{
	if (PKCS7_type_is_data(safe))
		return work_of_bags(PKCS12_unpack_p7data(safe));
	return PKCS7_type_is_encrypted(safe) ? work_of(safe->d.encrypted->enc_data->algorithm) : 0;
}

/* An empty password may also be none at all. */
static guint64
work_within(PKCS7 *safe, const char *password)
{
	if (!PKCS7_type_is_encrypted(safe))
		return 0;
	return work_of_bags(PKCS12_unpack_p7encdata(safe, password, -1)) +
	       (*password == '\0' ? work_of_bags(PKCS12_unpack_p7encdata(safe, NULL, 0)) : 0);
}

bool
password_work_is_bearable(PKCS12 *bundle)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(bundle);
	const ASN1_INTEGER *iterations = NULL;
	guint64 work = 0;

	PKCS12_get0_mac(NULL, NULL, NULL, &iterations, bundle);
	if (PKCS12_mac_present(bundle))
		work = number(iterations);
	for (int i = 0; i < sk_PKCS7_num(safes); i++)
		work += work_of_safe(sk_PKCS7_value(safes, i));
	sk_PKCS7_pop_free(safes, PKCS7_free);
	ERR_clear_error();
	return work <= PASSWORD_WORK_MAX;
}

bool
password_work_within_is_bearable(PKCS12 *bundle, const char *password)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(bundle);
	guint64 work = 0;

	for (int i = 0; i < sk_PKCS7_num(safes); i++)
		work += work_within(sk_PKCS7_value(safes, i), password);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	ERR_clear_error();
	return work <= PASSWORD_WORK_MAX;
}

bool
password_work_of_key_is_bearable(const unsigned char *der, size_t length)
{
	X509_SIG *encrypted = d2i_X509_SIG(NULL, &der, (long)length);
	const X509_ALGOR *algorithm;
	bool is_bearable = true;

	if (encrypted != NULL) {
		X509_SIG_get0(encrypted, &algorithm, NULL);
		is_bearable = work_of(algorithm) <= PASSWORD_WORK_MAX;
	}
	X509_SIG_free(encrypted);
	ERR_clear_error();
	return is_bearable;
}
