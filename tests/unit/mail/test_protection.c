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

/* openssl cms -encrypt, the same with -stream and -indef, with AES-GCM, and openssl cms -sign
 * -nodetach. */
#define CMS_DER                                                                                    \
	"MIHGBgkqhkiG9w0BBwOggbgwgbUCAQMxcqNwAgEAoBsGCSqGSIb3DQEFDDAOBAjHqCqhSPo7tAIC\n"           \
	"CAAwLAYLKoZIhvcNAQkQAwkwHQYJYIZIAWUDBAECBBC4YdcAenfTn+02t1F89Ow4BCDx74oC57VV\n"           \
	"VI0vcUlo7h396r7fTzwvnBFrsaN/aqE32jA8BgkqhkiG9w0BBwEwHQYJYIZIAWUDBAECBBDmDGVC\n"           \
	"ctEQhILHMkzRkPL2gBDxeIyo18juCgiuWQCtseqc\n"
#define CMS_BER                                                                                    \
	"MIAGCSqGSIb3DQEHA6CAMIACAQMxcqNwAgEAoBsGCSqGSIb3DQEFDDAOBAjakbZLyGkSPQICCAAw\n"           \
	"LAYLKoZIhvcNAQkQAwkwHQYJYIZIAWUDBAECBBDt2dx/Bz8I9mxLpgCzudNGBCAJmEzUdIvS0N5M\n"           \
	"Mue6ymmJePozSV03J/5c/Qsbgzqj0TCABgkqhkiG9w0BBwEwHQYJYIZIAWUDBAECBBDpbZEmlLJM\n"           \
	"FmumBrXUKI6hoIAEEPn+VgrY9+45fSwQoeJ9b44AAAAAAAAAAAAA\n"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_nobody_can_read_is_encrypted),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
