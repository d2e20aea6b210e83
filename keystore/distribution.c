#include "keystore/distribution.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "keystore/finder.h"

/* NULL if it is no URL that the finder takes: characters outside of RFC 3986 are never right. */
static char *
http_url(const ASN1_STRING *string)
{
	const int length = ASN1_STRING_length(string);
	g_autofree char *url =
		g_strndup((const char *)ASN1_STRING_get0_data(string), (gsize)length);

	if (length >= FINDER_SUBJECT_MAX || strlen(url) != (size_t)length ||
	    (g_ascii_strncasecmp(url, "http://", 7) != 0 &&
	     g_ascii_strncasecmp(url, "https://", 8) != 0))
		return NULL;
	for (const char *at = url; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at))
			return NULL;
	return g_steal_pointer(&url);
}

static char *
url_of_point(const DIST_POINT *point)
{
	if (point->reasons != NULL || point->CRLissuer != NULL || point->distpoint == NULL ||
	    point->distpoint->type != 0)
		return NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->distpoint->name.fullname); i++) {
		const GENERAL_NAME *name =
			sk_GENERAL_NAME_value(point->distpoint->name.fullname, i);
		char *url =
			name->type == GEN_URI ? http_url(name->d.uniformResourceIdentifier) : NULL;

		if (url != NULL)
			return url;
	}
	return NULL;
}

char *
distribution_crl(X509 *certificate)
{
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
	char *url = NULL;

	for (int i = 0; i < sk_DIST_POINT_num(points) && url == NULL; i++)
		url = url_of_point(sk_DIST_POINT_value(points, i));
	CRL_DIST_POINTS_free(points);
	return url;
}

char *
distribution_ocsp(X509 *certificate)
{
	AUTHORITY_INFO_ACCESS *accesses =
		X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
	char *url = NULL;

	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(accesses) && url == NULL; i++) {
		const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(accesses, i);

		if (OBJ_obj2nid(access->method) == NID_ad_OCSP && access->location->type == GEN_URI)
			url = http_url(access->location->d.uniformResourceIdentifier);
	}
	AUTHORITY_INFO_ACCESS_free(accesses);
	return url;
}

bool
distribution_is_named(X509 *certificate)
{
	g_autofree char *crl = distribution_crl(certificate);
	g_autofree char *ocsp = crl != NULL ? NULL : distribution_ocsp(certificate);

	return crl != NULL || ocsp != NULL;
}

/* SHA-1 only names the issuer here, and is what all responders know (RFC 5019 §2.1.1). */
static OCSP_REQUEST *
request_about(X509 *certificate, X509 *issuer)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), certificate, issuer);

	if (request != NULL && id != NULL && OCSP_request_add0_id(request, id) != NULL &&
	    OCSP_request_add1_nonce(request, NULL, -1) == 1)
		return request;
	OCSP_REQUEST_free(request);
	return NULL;
}

GBytes *
distribution_request(X509 *certificate, X509 *issuer)
{
	OCSP_REQUEST *request = request_about(certificate, issuer);
	unsigned char *der = NULL;
	int length = request == NULL ? -1 : i2d_OCSP_REQUEST(request, &der);
	GBytes *bytes =
		length <= 0 || length > FINDER_BODY_MAX ? NULL : g_bytes_new(der, (gsize)length);

	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	return bytes;
}
