/* What is already encrypted, and what only looks like it. The structures come from gpg and openssl.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/mime_stream.h"
#include "mail/protection.h"
#include "message_of.h"

/* gpg --symmetric, and gpg --store, which encrypts nothing. */
#define PGP_ENCRYPTED                                                                              \
	"-----BEGIN PGP MESSAGE-----\n"                                                            \
	"\n"                                                                                       \
	"jA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjX\n"                       \
	"bXukFpRqoYWvcRbuI4ZZmyFRst7UT6BvOA==\n"                                                   \
	"=Ez1q\n"                                                                                  \
	"-----END PGP MESSAGE-----\n"
#define PGP_READABLE                                                                               \
	"-----BEGIN PGP MESSAGE-----\n"                                                            \
	"\n"                                                                                       \
	"owE7zZnEkM3BL5uRyQUA\n"                                                                   \
	"=pkX/\n"                                                                                  \
	"-----END PGP MESSAGE-----\n"

/* openssl cms -encrypt, the same with -stream and -indef, with -pwri_password, with AES-GCM, and
 * openssl cms -sign -nodetach. */
#define CMS_DER                                                                                    \
	"MIIBFQYJKoZIhvcNAQcDoIIBBjCCAQICAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y\n"           \
	"7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VX\n"           \
	"Hhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzf\n"           \
	"eDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4MDwGCSqGSIb3\n"           \
	"DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJY=\n"
#define CMS_BER                                                                                    \
	"MIAGCSqGSIb3DQEHA6CAMIACAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5\n"           \
	"Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgBU3j/WHT8URneXxkIi19gdHCJstiv92SyUw69Gc\n"           \
	"0PrdzatlfCkLKOQeO563Zat3FNf1M06FNisRAncOzpap2wA/AWWnC7memiKb4KFNBXHPMlAO3yP6\n"           \
	"m12y7EudKBCXqVisUSOlEajxmB5i0l4NthtrX/nt5BQMGl2JDOXNmO38MIAGCSqGSIb3DQEHATAd\n"           \
	"BglghkgBZQMEASoEEOAPtziK4b4WCrY+SvATyFuggAQQyjgNDjtEO6ZpRZtwAFcyLAAAAAAAAAAA\n"           \
	"AAA=\n"
#define CMS_FOR_A_PASSWORD                                                                         \
	"MIHGBgkqhkiG9w0BBwOggbgwgbUCAQMxcqNwAgEAoBsGCSqGSIb3DQEFDDAOBAjHqCqhSPo7tAIC\n"           \
	"CAAwLAYLKoZIhvcNAQkQAwkwHQYJYIZIAWUDBAECBBC4YdcAenfTn+02t1F89Ow4BCDx74oC57VV\n"           \
	"VI0vcUlo7h396r7fTzwvnBFrsaN/aqE32jA8BgkqhkiG9w0BBwEwHQYJYIZIAWUDBAECBBDmDGVC\n"           \
	"ctEQhILHMkzRkPL2gBDxeIyo18juCgiuWQCtseqc\n"
#define CMS_GCM                                                                                    \
	"MIIBFwYLKoZIhvcNAQkQARegggEGMIIBAgIBADGBt6GBtAIBA6BRoU8wCQYHKoZIzj0CAQNCAAQd\n"           \
	"ew2e1DOlluIjTK3KSpZcRETlXUBUFT6ebFZMkwn4guOaKxBn2nCgJvCyfvT1DTvrN5SS21Yf64J/\n"           \
	"swaPwENqMBgGCSuBBRCGSD8AAjALBglghkgBZQMEAQUwQjBAMCQwDDEKMAgGA1UEAwwBeAIUJs5f\n"           \
	"VNT4fXlLD81zlSHOQwFWV2sEGJygR8U1tZB3OtOJV8HcIQy+c2K/opQz5TAxBgkqhkiG9w0BBwEw\n"           \
	"HgYJYIZIAWUDBAEGMBEEDPhcMroKQf7jes2tkwIBEIAEeG1cLgQQ5jCvz8ZbM/borc5CF7hOZg==\n"
#define CMS_SIGNATURE                                                                              \
	"MIHJBgkqhkiG9w0BBwKggbswgbgCAQExDTALBglghkgBZQMEAgEwEwYJKoZIhvcNAQcBoAYEBGhp\n"           \
	"DQoxgY4wgYsCAQEwJDAMMQowCAYDVQQDDAF4AhQZBK3n2IucUlcqvv+ejYwhP9RTkjALBglghkgB\n"           \
	"ZQMEAgEwCgYIKoZIzj0EAwIERzBFAiEA8hkrRrzThyzxEH/MmfuYmjJ1/rvJwkStAgN9lxzxvzoC\n"           \
	"ICgABfto0u9RMa6HeLK+xEwOp1OpXLD0+rg87xVuXe5Y\n"

#define CMS_BY_KEY_IDENTIFIER                                                                      \
	"MIIBAwYJKoZIhvcNAQcDoIH1MIHyAgECMYGuMIGrAgECgBS/1W9eoVIqAFaQcKXahVFgMlveGTAN\n"           \
	"BgkqhkiG9w0BAQEFAASBgD2vVQkHVnCKmFlMsXQY9sEr4TE1BfjIyDibViCVMsaaZZ0Ew1+92roB\n"           \
	"/2n6PXc1nwXgPOUHkZJWzk+DmuPkkh93zB6KHzPpawu4dRN8EThSxFfmvuJGeq52U8hszD6+bCp+\n"           \
	"+HW/3hODz0pgNiIcHAF5CZw4Kbd+XKvSj2NSKq7HMDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoE\n"           \
	"EKifAefP7PX1OBoyh4wyrFuAEM8TMGcwE4mgw06GlpYIj0E=\n"
#define CMS_OAEP                                                                                   \
	"MIIBFQYJKoZIhvcNAQcDoIIBBjCCAQICAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y\n"           \
	"7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQcwAASBgAxnKuzeRPNM07dG/q64pz/D+Leh4AH5\n"           \
	"1aNHiKKhJb4jkmXEnoX3D5gaZbLxi67sVlIEM+0kg/y15sb7r/Ny9GhFbNtgAZ09pUETt84Qjybn\n"           \
	"rs0nUeX0VWJ3c/UAtfd/Jv8v1y1cE3SW/ipnSoSIAGmm3G29UOA5bh17TZMAzydFMDwGCSqGSIb3\n"           \
	"DQEHATAdBglghkgBZQMEASoEEOBS44ugPP9k5CQXGw3CSgiAEPwkmotHuM+CLaffZy0ltbk=\n"

#define BASE64	"Content-Transfer-Encoding: base64\n\n"
#define INLINE	"Content-Type: text/plain\n\n"
#define SMIME	"Content-Type: application/pkcs7-mime"
#define VERSION "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
#define OCTETS	"--b\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n\n"
#define PGP_MIME                                                                                   \
	"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\n\n"

static const struct {
	const char *text;
	bool encrypted, is_signed;
} cases
	[] =
		{
			{INLINE PGP_ENCRYPTED, true, false},
			{INLINE "\n \n" PGP_ENCRYPTED "\n\n" PGP_ENCRYPTED "\n", true, false},
			{"Subject: no type\n\n" PGP_ENCRYPTED, true, false},
			/* An answer in plain text above what it quotes. */
			{INLINE "Yes, the password is 1234.\n\n> " PGP_ENCRYPTED, false, false},
			{INLINE "Yes.\n\n" PGP_ENCRYPTED, false, false},
			{INLINE PGP_ENCRYPTED "\nSent from my phone\n", false, false},
			{INLINE "> -----BEGIN PGP MESSAGE-----\n> =\n", false, false},
			{INLINE "-----BEGIN PGP MESSAGE-----\n\nhello\n-----END PGP MESSAGE-----\n",
			 false, false},
			{INLINE "-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4\n", false, false},
			/* The cipher is number 0, plain text (RFC 9580 §9.3). */
			{INLINE
			 "-----BEGIN PGP MESSAGE-----\n\nwwQEAAAIyR3LG2IAAAAAAFRoZSBwYXNzd29yZCBpcyAxMjM0Lg==\n-----END PGP MESSAGE-----\n",
			 false, false},
			/* Anybody can read what is only stored or signed. */
			{INLINE PGP_READABLE, false, false},
			/* In quoted-printable, as forwarded by Exchange. */
			{"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
			 "-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjX\n"
			 "bXukFpRqoYWvcRbuI4ZZmyFRst7UT6BvOA=3D=3D\n=3DEz1q\n-----END PGP MESSAGE-----\n",
			 true, false},
			{PGP_MIME VERSION OCTETS PGP_ENCRYPTED "--b--\n", true, false},
			{PGP_MIME
			 "This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\n" VERSION
				 OCTETS PGP_ENCRYPTED "--b--\n",
			 true, false},
			{PGP_MIME VERSION OCTETS "The password is 1234.\n--b--\n", false, false},
			{PGP_MIME VERSION OCTETS PGP_ENCRYPTED
			 "--b\n\nThe password is 1234.\n--b--\n",
			 false, false},
			/* As mangled by Exchange. */
			{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n" VERSION
				 OCTETS PGP_ENCRYPTED "--b--\n",
			 true, false},
			{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee below.\n" VERSION
				 OCTETS PGP_ENCRYPTED "--b--\n",
			 false, false},
			{SMIME "; smime-type=enveloped-data\n" BASE64 CMS_DER, true, false},
			{SMIME "\n" BASE64 CMS_DER, true, false},
			{SMIME "\n" BASE64 CMS_BER, true, false},
			{SMIME "; smime-type=authEnveloped-data\n" BASE64 CMS_GCM, true, false},
			{"Content-Type: application/x-pkcs7-mime; smime-type=signed-data\n" BASE64
				 CMS_SIGNATURE,
			 false, true},
			{SMIME "; name=smime.p7m\n" BASE64 CMS_SIGNATURE, false, true},
			{"Content-Type: application/octet-stream; name=smime.p7m\n" BASE64 CMS_DER,
			 true, false},
			/* The structure says what it is, not the field. */
			{SMIME "; smime-type=enveloped-data\n" BASE64 CMS_SIGNATURE, false, true},
			{SMIME "; smime-type=enveloped-data\n\nThe password is 1234.\n", false,
			 false},
			{"Content-Type: application/octet-stream\n\n\n", false, false},
			{"Content-Type: multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\n\n--b\n\nHi.\n--b--\n",
			 false, true},
			/* gpg --store after and before it, a marker, a body in pieces, an
			   old-format body, and one cut off. */
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOKMBO82fxJDN4bM8wMfR0y/ENSIEAA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nowE7zZ/EkM3hszzAx9HTL8Q1IgQAjA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQD\ntIUgy2VEbVwiFAjXbXukFpRqoYWvcRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nygNQR1CMDQQJAwJdfs1mt7j8V//SOAEZhD1ON+Zzdm791wVgi/HuFAO0hSDLZURtXCIUCNdte6QW\nlGqhha9xFu4jhlmbIVGy3tRPoG84\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOIwNBAkDAl1+zWa3uPxX/9I4ARmEPU435nN2bv3XBWCL8e4UA7SFIMtl\nRG1cIhQI1217pBaUaqGFr3EW7iOGWZshUbLe1E+gbzg=\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0uUBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbRh7pBaUaqGF\nr3EW7iOGWZshUbLe1E+gbzg=\n-----END PGP MESSAGE-----\n",
			 true, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/pwEZhD1ON+Zzdm791wVgi/HuFAO0hSDLZURtXCIUCNdte6QWlGqhha9x\nFu4jhlmbIVGy3tRPoG84\n-----END PGP MESSAGE-----\n",
			 true, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0v8AAAA4ARmEPU435nN2bv3XBWCL8e4UA7SFIMtlRG1cIhQI1217pBaU\naqGFr3EW7iOGWZshUbLe1E+gbzg=\n-----END PGP MESSAGE-----\n",
			 true, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6Bv\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\n0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWvcRbuI4ZZmyFRst7UT6Bv\nOA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/\n-----END PGP MESSAGE-----\n",
			 false, false},
			/* Anybody can read header lines of armor. */
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\nComment: a few words\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n",
			 true, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\nSecret: 1234\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			{"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\nComment: a line of a secret in plain text\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			/* Parts next to it, long fields in a part, fields given twice, bytes after
			   the base64 or the structure. */
			{"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n--b--\n",
			 false, false},
			{"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\nX-Secret: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n--b--\n",
			 false, false},
			{"Content-Type: text/plain\nContent-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\njA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjXbXukFpRqoYWv\ncRbuI4ZZmyFRst7UT6BvOA==\n-----END PGP MESSAGE-----\n",
			 false, false},
			{SMIME "\n" BASE64 CMS_DER "VGhlIHBhc3N3b3JkIGlzIDEyMzQu\n", false, false},
			{SMIME "\n" BASE64 CMS_BER "VGhlIHBhc3N3b3JkIGlzIDEyMzQu\n", false, false},
			{PGP_MIME VERSION
			 "--b\nContent-Type: application/octet-stream\nThe password is 1234.\n\n" PGP_ENCRYPTED
			 "--b--\n",
			 false, false},
			{"Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" PGP_ENCRYPTED
			 "--b--\n",
			 false, false},
};

/* Promise 1: a rule such as `match encrypted deliver plain` let out what anybody could read. */
static void
only_what_nobody_can_read_is_encrypted(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(message_auto) message = message_of(cases[i].text);
		g_autoptr(parts_auto) parts = parts_new(message, 100);
		struct protection protection;
		struct fault fault;

		assert_true(protection_find(parts, &protection, &fault));
		if (protection.encrypted != cases[i].encrypted ||
		    protection.is_signed != cases[i].is_signed)
			fail_msg("encrypted %d, signed %d: %s", protection.encrypted,
				 protection.is_signed, cases[i].text);
	}
}

static bool
is_encrypted_cms(const char *base64)
{
	g_autofree char *text = g_strconcat(SMIME "\n" BASE64, base64, "\n", NULL);
	g_autoptr(message_auto) message = message_of(text);
	g_autoptr(parts_auto) parts = parts_new(message, 100);
	struct protection protection;
	struct fault fault;

	assert_true(protection_find(parts, &protection, &fault));
	return protection.encrypted;
}

/* CMS_DER with additions, made with a DER writer: `openssl asn1parse` prints the text of each,
 * except where there is no recipient. */
static const char
	*const
		readable_envelopes[] =
			{
				/* unprotectedAttrs */
				"MIIBNwYJKoZIhvcNAQcDoIIBKDCCASQCAQIxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VXHhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzfeDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4MDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJahIDAeBgMqAwQxFwwVVGhlIHBhc3N3b3JkIGlzIDEyMzQu",
				/* OtherRecipientInfo */
				"MIIBMwYJKoZIhvcNAQcDoIIBJDCCASACAQMxgdwwgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VXHhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzfeDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4pBwGAyoDBAwVVGhlIHBhc3N3b3JkIGlzIDEyMzQuMDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJY=",
				/* KEKRecipientInfo */
				"MIIBXQYJKoZIhvcNAQcDoIIBTjCCAUoCAQIxggEFMIG7AgEAMCQwDDEKMAgGA1UEAwwBeAIUDh5N2O0c6RRS+Vq/Cl5OCnELxEQwDQYJKoZIhvcNAQEBBQAEgYCp7HVFr2TVjK3EvckgvpqinPLRJovlVx4X/T08ZCo0hV388xVelec+kITtd6i1tWG/4jMOacUk3Exi2aWyxswmRvDIm2pLnlRXR61ETkDM33gwtJexr9qBoz92uof6H+5N9hzjOSmNlnTlhkRB7dh8KpOYHN/NkK1UNMxLnFwRuKJFAgEEMBcEFVRoZSBwYXNzd29yZCBpcyAxMjM0LjANBgsqhkiG9w0BCRADBgQYeHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4MDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJY=",
				/* originatorInfo */
				"MIIBMgYJKoZIhvcNAQcDoIIBIzCCAR8CAQKgG6AZMBcMFVRoZSBwYXNzd29yZCBpcyAxMjM0LjGBvjCBuwIBADAkMAwxCjAIBgNVBAMMAXgCFA4eTdjtHOkUUvlavwpeTgpxC8REMA0GCSqGSIb3DQEBAQUABIGAqex1Ra9k1YytxL3JIL6aopzy0SaL5VceF/09PGQqNIVd/PMVXpXnPpCE7XeotbVhv+IzDmnFJNxMYtmlssbMJkbwyJtqS55UV0etRE5AzN94MLSXsa/agaM/drqH+h/uTfYc4zkpjZZ05YZEQe3YfCqTmBzfzZCtVDTMS5xcEbgwPAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQwYZWCQXZxUxW6b6obURFQoAQOkCYvmIfSEI7GuP8ZcAslg==",
				/* no recipients */
				"MFIGCSqGSIb3DQEHA6BFMEMCAQAxADA8BgkqhkiG9w0BBwEwHQYJYIZIAWUDBAEqBBDBhlYJBdnFTFbpvqhtREVCgBA6QJi+Yh9IQjsa4/xlwCyW",
				/* an element after the envelope */
				"MIIBLAYJKoZIhvcNAQcDoIIBBjCCAQICAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VXHhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzfeDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4MDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJYMFVRoZSBwYXNzd29yZCBpcyAxMjM0Lg==",
				/* an element within it */
				"MIIBLAYJKoZIhvcNAQcDoIIBHTCCARkCAQAxgb4wgbsCAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VXHhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzfeDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4MDwGCSqGSIb3DQEHATAdBglghkgBZQMEASoEEMGGVgkF2cVMVum+qG1ERUKAEDpAmL5iH0hCOxrj/GXALJYMFVRoZSBwYXNzd29yZCBpcyAxMjM0Lg==",
				/* an element within a recipient */
				"MIIBLAYJKoZIhvcNAQcDoIIBHTCCARkCAQAxgdUwgdICAQAwJDAMMQowCAYDVQQDDAF4AhQOHk3Y7RzpFFL5Wr8KXk4KcQvERDANBgkqhkiG9w0BAQEFAASBgKnsdUWvZNWMrcS9ySC+mqKc8tEmi+VXHhf9PTxkKjSFXfzzFV6V5z6QhO13qLW1Yb/iMw5pxSTcTGLZpbLGzCZG8MibakueVFdHrUROQMzfeDC0l7Gv2oGjP3a6h/of7k32HOM5KY2WdOWGREHt2Hwqk5gc382QrVQ0zEucXBG4DBVUaGUgcGFzc3dvcmQgaXMgMTIzNC4wPAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBKgQQwYZWCQXZxUxW6b6obURFQoAQOkCYvmIfSEI7GuP8ZcAslg==",
				/* id-alg-null */
				"MIIBCAYJKoZIhvcNAQcDoIH6MIH3AgEAMYG+MIG7AgEAMCQwDDEKMAgGA1UEAwwBeAIUDh5N2O0c6RRS+Vq/Cl5OCnELxEQwDQYJKoZIhvcNAQEBBQAEgYCp7HVFr2TVjK3EvckgvpqinPLRJovlVx4X/T08ZCo0hV388xVelec+kITtd6i1tWG/4jMOacUk3Exi2aWyxswmRvDIm2pLnlRXR61ETkDM33gwtJexr9qBoz92uof6H+5N9hzjOSmNlnTlhkRB7dh8KpOYHN/NkK1UNMxLnFwRuDAxBgkqhkiG9w0BBwEwDQYLKoZIhvcNAQkQAwqAFVRoZSBwYXNzd29yZCBpcyAxMjM0Lg==",
				CMS_FOR_A_PASSWORD,
};

/* Promise 1: text in the fields around what is encrypted counted as encrypted. */
static void
an_envelope_holds_nothing_else(void **state)
{
	static const char *const sealed[] = {
		CMS_DER, CMS_BER, CMS_GCM, CMS_BY_KEY_IDENTIFIER, CMS_OAEP,
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sealed); i++)
		assert_true(is_encrypted_cms(sealed[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(readable_envelopes); i++)
		if (is_encrypted_cms(readable_envelopes[i]))
			fail_msg("counts as encrypted: %s", readable_envelopes[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_nobody_can_read_is_encrypted),
		cmocka_unit_test(an_envelope_holds_nothing_else),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
