#include "keystore/finder/directory_values.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "keystore/finder.h"

/* Takes ownership. */
static void
add(GPtrArray *items, GBytes *item)
{
	if (g_ptr_array_find_with_equal_func(items, item, (GEqualFunc)g_bytes_equal, NULL))
		g_bytes_unref(item);
	else
		g_ptr_array_add(items, item);
}

void
directory_values_add(GPtrArray *items, GBytes *value)
{
	add(items, g_bytes_ref(value));
}

static void
add_certificate(GPtrArray *items, X509 *certificate)
{
	unsigned char *data = NULL;
	int length = i2d_X509(certificate, &data);

	if (length > 0)
		add(items, g_bytes_new(data, (gsize)length));
	OPENSSL_free(data);
}

void
directory_values_add_signed_data(GPtrArray *items, GBytes *value)
{
	size_t length;
	const unsigned char *data = g_bytes_get_data(value, &length);
	CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &data, (long)length);
	STACK_OF(X509) *certificates =
		message == NULL || OBJ_obj2nid(CMS_get0_type(message)) != NID_pkcs7_signed
			? NULL
			: CMS_get1_certs(message);

	for (int i = 0; i < sk_X509_num(certificates) && items->len <= FINDER_ITEMS_MAX; i++)
		add_certificate(items, sk_X509_value(certificates, i));
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(message);
	ERR_clear_error();
}
