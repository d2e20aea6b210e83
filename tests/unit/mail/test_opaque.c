/* What cannot be looked into is reported. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/mime_stream.h"
#include "mail/opaque.h"
#include "message_of.h"

/* zip -P pw, python3 -m zipfile, gpg --symmetric. */
#define ENCRYPTED_ZIP                                                                              \
	"UEsDBAoACQAAAE5Zel2DFtyMDQAAAAEAAAABABwAeFVUCQADpBMIa6QTCGt1eAsAAQQAAAAABAAA\n"           \
	"AABCU7Bpv/M59U4aigAPUEsHCIMW3IwNAAAAAQAAAFBLAQIeAwoACQAAAE5Zel2DFtyMDQAAAAEA\n"           \
	"AAABABgAAAAAAAEAAACkgQAAAAB4VVQFAAOkEwhrdXgLAAEEAAAAAAQAAAAAUEsFBgAAAAABAAEA\n"           \
	"RwAAAFgAAAAAAA==\n"
#define PLAIN_ZIP                                                                                  \
	"UEsDBBQAAAAAAAAAIVx9W1rdBAAAAAQAAAABAAAAeHBsYW5QSwECFAMUAAAAAAAAACFcfVta3QQA\n"           \
	"AAAEAAAAAQAAAAAAAAAAAAAAgAEAAAAAeFBLBQYAAAAAAQABAC8AAAAjAAAAAAA=\n"
#define PGP                                                                                        \
	"-----BEGIN PGP MESSAGE-----\n"                                                            \
	"\n"                                                                                       \
	"jA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjX\n"                       \
	"bXukFpRqoYWvcRbuI4ZZmyFRst7UT6BvOA==\n"                                                   \
	"=Ez1q\n"                                                                                  \
	"-----END PGP MESSAGE-----\n"

/* openssl crl2pkcs7 -nocrl -certfile */
#define CERTIFICATES                                                                               \
	"MIIBnAYJKoZIhvcNAQcCoIIBjTCCAYkCAQExADALBgkqhkiG9w0BBwGgggFxMIIBbTCCAROgAwIB\n"           \
	"AgIUJs5fVNT4fXlLD81zlSHOQwFWV2swCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBeDAeFw0yNjEx\n"           \
	"MjYxMDUyMjFaFw0yNjEyMjYxMDUyMjFaMAwxCjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjO\n"           \
	"PQMBBwNCAAT2Fyo9lUhfjhZkS9vNXZWlfPgbms8BIxBe4FGZdYImeDHf+GAWRjjtbvE2lVqKGZwx\n"           \
	"zFtQj+FI63A5/SXRxnJgo1MwUTAdBgNVHQ4EFgQUtzPs9z80fmnmwOmvWMN60Wb2z4swHwYDVR0j\n"           \
	"BBgwFoAUtzPs9z80fmnmwOmvWMN60Wb2z4swDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNI\n"           \
	"ADBFAiEA1j8DIm0HZLMGfF9auqoyL4aj+JvhxfVkGH6ACG6HhzUCIDuNi6vAz+429Kv5ZuJ7XQXr\n"           \
	"ZqZZU1hMa8cwsxovn3brMQA=\n"

#define BASE64 "Content-Transfer-Encoding: base64\n\n"
#define OCTETS "Content-Type: application/octet-stream\n" BASE64

enum { CLEAR, TEXT, NAMES };

static const struct {
	const char *message;
	int hides;
} cases[] = {
	{"\nHi.\n", CLEAR},
	{"Content-Type: text/html\n\n<p>Hi.</p>", CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b\n\nHo.\n--b--\n", CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe end is missing.\n", CLEAR},
	{"Content-Type: application/zip\n" BASE64 PLAIN_ZIP, CLEAR},
	{"Content-Type: message/rfc822\n" BASE64 "U3ViamVjdDogeAoKYSBzZWNyZXQgd29yZAo=\n", CLEAR},
	{"Content-Type: image/png\n" BASE64 "iVBORw0KGgo=\n", CLEAR},
	{"Content-Type: text/plain\n\nthe work may begin 644 days after\n", CLEAR},
	{"Content-Type: text/plain\n\n> -----BEGIN PGP MESSAGE-----\n", CLEAR},
	{"Content-Transfer-Encoding: 8BIT\n\nHi.\n", CLEAR},
	/* Encrypted as a whole is a separate state. */
	{"Content-Type: text/plain\n\n" PGP, CLEAR},
	{"Content-Type: application/pkcs7-mime; smime-type=certs-only\n" BASE64 CERTIFICATES,
	 CLEAR},
	/* gpg --symmetric without armor; a letter that begins like such a packet. */
	{OCTETS "jA0ECQMCXX7NZre4/Ff/0jgBGYQ9Tjfmc3Zu/dcFYIvx7hQDtIUgy2VEbVwiFAjX\n", NAMES},
	{"Content-Type: text/plain; charset=utf-8\n" BASE64 "w7w=\n", CLEAR},
	{"Content-Type: text/plain; charset=utf-8\n\n\u00fcber\n", CLEAR},
	/* What programs read in different ways. */
	{"Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: inline\nContent-Disposition: attachment\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nSGkuCg==\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary*0=b\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=(c)b\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=\"'()+_,-./:=? '\"\n\n--'()+_,-./:=? '\n\nHi.\n--'()+_,-./:=? '--\n",
	 CLEAR},
	/* Dovecot's BODYSTRUCTURE has a part where a line only begins with the boundary. */
	{"Content-Type: multipart/mixed; boundary=b\n\n--bXX\nContent-Type: application/x; name=a.dwg\n\nx\n--bXX--\n--b\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b x\n\nHo.\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b--\n--b--x\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nHi.\n--bb--\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822; name=a.eml\n" BASE64
	 "Q29udGVudC1UeXBlOiBtdWx0aXBhcnQvbWl4ZWQ7IGJvdW5kYXJ5PXEKCi0tcVgKCkhpLgotLXEKCkhvLgotLXEtLQo=\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b \t\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\n--a\n--\n-b\n--d\n--c-- \n--b-- \n",
	 CLEAR},
	{"Content-Type: text/plain; charset=utf-8; charset=utf-16le\n\nHi.\n", NAMES},
	{"Content-Type: text/plain; charset=utf-16le\n\nH\n", NAMES},
	/* Python, Outlook or a browser reads "SECRET" here; iconv does not know the names. */
	{"Content-Type: text/plain; charset=unicode-1-1-utf-7\n\n+AFMARQBDAFIARQBU-\n", NAMES},
	{"Content-Type: text/plain; charset=UTF_7\n\n+AFMARQBDAFIARQBU-\n", NAMES},
	{"Content-Type: text/plain; charset=cp65000\n\n+AFMARQBDAFIARQBU-\n", NAMES},
	{"Content-Type: text/plain; charset=hz-gb-2312\n\nSE~{~}CRET\n", NAMES},
	{"Content-Type: text/plain; charset=unicodeFFFE\n" BASE64 "AFMARQBDAFIARQBU\n", NAMES},
	{"Content-Type: text/plain; charset=\"iso-8859-1//TRANSLIT\"\n\nHi.\n", NAMES},
	{"Content-Type: text/plain; charset=ISO-8859-15\n\nHi.\n", CLEAR},
	{"Content-Type: text/plain; charset=ks_c_5601-1987\n\nHi.\n", CLEAR},
	{"Content-Type: text/plain; charset=iso-8859-8-i\n\nHi.\n", CLEAR},
	{"Content-Type: text/plain; charset=\"\"\n\nHi.\n", CLEAR},
	{"Content-Type: application/pdf; charset=binary\n\nHi.\n", CLEAR},
	{"Content-Type: text/plain; charset=utf-16le\n" BASE64 "SABpAC4A\n", CLEAR},
	{"Content-Type: message/rfc822\nContent-Transfer-Encoding: x-base64\n\nSubject: x\n\nHi.\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nnonsense\nContent-Type: text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nnonsense\nX-A: b\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n \nContent-Type: text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: b\n \nContent-Type: text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: b\rContent-Type: text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type : text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nX-A: b\nnonsense\nContent-Type: text/html\n\nHi.\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822; name=a.eml\nContent-Transfer-Encoding: base64\n\nbm9uc2Vuc2UKU3ViamVjdDogeAoKSGkuCg==\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type:\n text/html;\n\tcharset=utf-8\nX-A:\n\nHi.\n--b--\n",
	 CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n--b\n\nHi.\n--b--\n",
	 CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b--\n", CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nFrom: x\nContent-Type: text/html\nSubject: x\n\nHi.\n--b--\n",
	 CLEAR},
	{"Content-Transfer-Encoding: base64\n\nSGkuCg==\nSGkuCg==\n", NAMES},
	{"Content-Transfer-Encoding: base64\n\nSGku!Cg==\n", NAMES},
	{"Content-Transfer-Encoding: base64\n\nxyzzy\n", NAMES},
	{"Content-Transfer-Encoding: base64\n\nSGku\nCg==\n", CLEAR},
	{"Content-Transfer-Encoding: quoted-printable\n\na sec= \nret\n", NAMES},
	{"Content-Transfer-Encoding: quoted-printable\n\na sec=\nret=20=\n= a\n", CLEAR},
	{"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#0V%T\n`\nend\n", NAMES},
	{"Content-Type: application/zip\n" BASE64
	 "UEsDBBQAAAAAAAAAIQCDFtyMAQAAAAEAAAAFAAAAYS56aXB4UEsBAhQDFAAAAAAAAAAhAIMW3IwB\nAAAAAQAAAAUAAAAAAAAAAAAAAIABAAAAAGEuemlwUEsFBgAAAAABAAEAMwAAACQAAAAAAA==\n",
	 NAMES},
	{"Content-Type: application/vnd.ms-outlook\n" BASE64 "0M8R4KGxGuEAAAAA\n", NAMES},
	{OCTETS "0M8R4KGxGuFfAF8AcwB1AGIAcwB0AGcAMQAuADAAXwAzADcAMAA3ADAAMAAxAEYA\n", NAMES},
	{"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nATTACH;ENCODING=BASE64;VALUE=BINARY:SGkuCg==\nEND:VCALENDAR\n",
	 NAMES},
	{"Content-Type: message/rfc822; name=a.eml\n\nSubject: x\n\nHi.\n", CLEAR},
	{"Content-Type: application/zip\n" BASE64 ENCRYPTED_ZIP, TEXT},
	{"Content-Type: application/x-whatever; name=a.txt\n" BASE64 ENCRYPTED_ZIP, TEXT},
	{"Content-Type: text/plain\n\nHi.\n\n" PGP, TEXT},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b\nContent-Type: application/octet-stream; name=a.asc\n\n" PGP
	 "--b--\n",
	 TEXT},
	{"Content-Type: text/plain\n\nbegin 644 a.txt\n#0V%T\n`\nend\n", TEXT},
	/* Thunderbird finds a file in each but the last three. */
	{"Content-Type: text/plain\n\nHi.\nbegin 644 \n#0V%T\n`\nend\n", TEXT},
	{"Content-Type: text/plain\r\n\r\nHi.\r\nbegin 644 \r\n#0V%T\r\n`\r\nend\r\n", TEXT},
	{"Content-Type: text/plain\n\nHi.\n(This file must be converted with BinHex 4.0)\n\n:$f*TEQKPH#\n",
	 NAMES},
	{"Content-Type: text/plain\n\nHi.\rbegin 644 a.txt\r#0V%T\r`\rend\r", TEXT},
	{"Content-Type: text/plain\n\nHi (This file must be converted with BinHex 4.0)\n", CLEAR},
	{"Content-Type: text/plain\n\n(This file is for you)\nbegin 644\n", CLEAR},
	{"Content-Type: text/plain\n\nHi.\nbegin 5 minutes earlier\n", CLEAR},
	{"Content-Type: application/pdf\n\n%PDF-1.7\n1 0 obj << /Encrypt 2 0 R >>\n", TEXT},
	{"Content-Type: application/pdf\n\n%PDF-1.7\n1 0 obj << >>\n", CLEAR},
	{OCTETS "0M8R4KGxGuFFAG4AYwByAHkAcAB0AGUAZABQAGEAYwBrAGEAZwBlAA==\n", TEXT},
	{"Content-Type: application/ms-tnef; name=winmail.dat\n" BASE64 "eJ8+IgAA\n", NAMES},
	{OCTETS "eJ8+IgAA\n", NAMES},
	{OCTETS "N3q8ryccAAQ=\n", NAMES},
	{OCTETS "UmFyIRoHAQA=\n", NAMES},
	{OCTETS "H4sIAAAAAAA=\n", NAMES},
	{"Content-Type: multipart/mixed\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=c\n\n--b\n\nHi.\n--b--\n", NAMES},
	/* Python finds parts in the first and in "message/". */
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\r--b\rContent-Type: image/x\r\rx\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\r--b\n\nx\n--b--\n", NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b\rX-A: b\n\nx\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\nHi.\rx\r--c\r\r\n\r\n--b--\r\n",
	 CLEAR},
	{"Content-Transfer-Encoding: quoted-printable\n\na sec=\rret\n", NAMES},
	{"Content-Transfer-Encoding: quoted-printable\r\n\r\na sec=\r\nret\r=20\r\n", CLEAR},
	{"Content-Type: multipart/; boundary=b\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: Multipart; boundary=b\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: \"multipart/mixed\"; boundary=b\n\n--b\n\nHi.\n--b--\n", NAMES},
	{"Content-Type: message/\n\nSubject: x\n\nHi.\n", NAMES},
	{"Content-Type: message/; x=y\n\nSubject: x\n\nHi.\n", NAMES},
	{"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n", CLEAR},
	{"Content-Type: multipart/mixed; boundary=b\n" BASE64 "LS1iDQoNCkhpLg0KLS1iLS0NCg==\n",
	 NAMES},
	{"Content-Type: text/plain\nContent-Transfer-Encoding: x-rot13\n\nUv.\n", NAMES},
	{"Content-Type: message/partial; number=1; total=2; id=x\n\nHi.\n", NAMES},
	{"Content-Type: message/external-body; access-type=url; url=x\n\nContent-Type: text/plain\n\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/encrypted; boundary=c\n\n--c\n\nHi.\n--c--\n--b--\n",
	 NAMES},
	{"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMII=\n"
	 "--b--\n",
	 NAMES},
};

static void
what_cannot_be_seen_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(message_auto) message = message_of(cases[i].message);
		g_autoptr(parts_auto) parts = parts_new(message, 100);
		struct opacity opaque;
		struct fault fault;

		assert_true(opaque_find(parts, &opaque, &fault));
		if ((int)opaque.text + opaque.names != cases[i].hides)
			fail_msg("%d, “%s”: %s", opaque.text + opaque.names, opaque.why,
				 cases[i].message);
		assert_int_equal(opaque.text, *opaque.why != '\0');
	}
}

/* Whether a file is opaque that has `before` first, and then this text so many times. */
static bool
is_opaque_with(const char *type, const GString *before, const char *text, int times)
{
	g_autoptr(GString) file = g_string_new_len(before->str, (gssize)before->len);
	g_autofree char *base64 = NULL, *bytes = NULL;
	struct opacity opaque;
	struct fault fault;

	for (int i = 0; i < times; i++)
		g_string_append(file, text);
	base64 = g_base64_encode((const guchar *)file->str, file->len);
	bytes = g_strconcat("Content-Type: ", type, "\n", BASE64, base64, "\n", NULL);
	g_autoptr(message_auto) message = message_of(bytes);
	g_autoptr(parts_auto) parts = parts_new(message, 100);

	assert_true(opaque_find(parts, &opaque, &fault));
	return opaque.text;
}

/* Promise 1: what is mostly text is shown as such, but was neither read nor opaque if bytes stood
 * before it that no text has. */
static void
text_behind_other_bytes_passed_unread(void **state)
{
	static const char list[] = "name of a customer, number of the card\n";
	g_autoptr(GString) before = g_string_new(NULL);

	(void)state;
	for (unsigned i = 0; i < 70000; i++)
		g_string_append_c(before, (char)(i * i / 7));
	assert_true(is_opaque_with("application/octet-stream; name=list.csv", before, list, 9000));
	assert_true(is_opaque_with("application/vnd.ms-excel; name=list.csv", before, list, 9000));
	assert_false(is_opaque_with("application/octet-stream", before, list, 10));
	assert_false(is_opaque_with("text/csv", before, list, 9000));
	assert_false(is_opaque_with("application/octet-stream", before, "", 1));
	/* It is read (test_text.c). */
	g_string_truncate(before, 2000);
	assert_false(is_opaque_with("application/octet-stream", before, list, 9000));
}

/* Postfix turns it into a blank, other MTAs do not. */
static void
cr_alone_in_a_header_is_told(void **state)
{
	static const char *const values[] = {" a\n b", " a\r\n b", " a\rContent-Type: text/html"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(message_auto) message = message_of("\nHi.\n");
		g_autoptr(parts_auto) parts = parts_new(message, 100);
		struct opacity opaque;
		struct fault fault;

		message_add_field(message, "Subject", values[i]);
		assert_true(opaque_find(parts, &opaque, &fault));
		assert_int_equal(opaque.names, i == 2);
	}
}

/* GMime descends 1024 levels, and we descend through eight messages in base64. */
static void
what_lies_too_deep_is_told(void **state)
{
	(void)state;
	for (int depth = 6; depth < 12; depth++) {
		g_autofree char *inner = g_strdup("Subject: x\n\nHi.\n");
		struct opacity opaque;
		struct fault fault;

		for (int i = 0; i < depth; i++) {
			g_autofree char *base64 =
				g_base64_encode((const guchar *)inner, strlen(inner));
			char *outer = g_strconcat("Content-Type: message/rfc822\n" BASE64, base64,
						  "\n", NULL);

			g_free(inner);
			inner = outer;
		}
		g_autoptr(message_auto) message = message_of(inner);
		g_autoptr(parts_auto) parts = parts_new(message, 100);

		assert_true(opaque_find(parts, &opaque, &fault));
		assert_int_equal(opaque.names, depth > 8);
	}
}

static void
multiparts_that_nest_too_deep_are_told(void **state)
{
	(void)state;
	for (int depth = 900; depth <= 1200; depth += 300) {
		g_autoptr(GString) text =
			g_string_new("Content-Type: multipart/mixed; boundary=b0000\n\n");
		struct opacity opaque;
		struct fault fault;

		for (int i = 0; i < depth; i++)
			g_string_append_printf(
				text, "--b%04d\nContent-Type: multipart/mixed; boundary=b%04d\n\n",
				i, i + 1);
		g_string_append_printf(text, "--b%04d\n\nHi.\n", depth);
		g_autoptr(message_auto) message = message_of(text->str);
		g_autoptr(parts_auto) parts = parts_new(message, 5000);

		assert_true(opaque_find(parts, &opaque, &fault));
		assert_int_equal(opaque.names, depth > 1024);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_seen_is_told),
		cmocka_unit_test(text_behind_other_bytes_passed_unread),
		cmocka_unit_test(cr_alone_in_a_header_is_told),
		cmocka_unit_test(what_lies_too_deep_is_told),
		cmocka_unit_test(multiparts_that_nest_too_deep_are_told),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
