/* Keys are found in whatever form they are sent. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keystore/blocks.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define PGP "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n"

static void
assert_labels(const char *bytes, size_t length, const char *expected)
{
	g_autoptr(GPtrArray) blocks = blocks_find(bytes, length, BLOCKS_STRANGERS_MAX);
	g_autoptr(GString) labels = g_string_new(NULL);

	for (guint i = 0; i < blocks->len; i++) {
		const struct block *block = g_ptr_array_index(blocks, i);

		g_string_append_printf(labels, "%s%s%s", i > 0 ? ", " : "", block->label,
				       block->is_whole ? "" : " (cut)");
	}
	assert_string_equal(labels->str, expected);
}

static void
text_of_any_kind_gives_its_blocks(void **state)
{
	static const struct {
		const char *text, *labels;
	} cases[] = {
		{"", ""},
		{"Hello", ""},
		{PEM, "CERTIFICATE"},
		{PEM PGP, "CERTIFICATE, PGP PUBLIC KEY BLOCK"},
		{"\xef\xbb\xbf" PEM, "CERTIFICATE"},
		{"\xc3\x9c"
		 "ber uns\n" PEM,
		 "CERTIFICATE"},
		{"-----BEGIN CERTIFICATE-----\rMIIB\r-----END CERTIFICATE-----\r", "CERTIFICATE"},
		{"-----BEGIN CERTIFICATE-----\nMIIB\n", "CERTIFICATE (cut)"},
		{"-----BEGIN CERTIFICATE-----\nMIIB\n" PEM, "CERTIFICATE (cut), CERTIFICATE"},
		{"-----BEGIN \n" PEM, "CERTIFICATE"},
		/* The form in which gpg writes revocation certificates, so that none is used by
		   mistake. */
		{":-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n",
		 ""},
		{"From: a@b.example\nContent-Type: text/plain\n\n" PEM, "CERTIFICATE"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_labels(cases[i].text, strlen(cases[i].text), cases[i].labels);
}

static void
utf16_is_read_with_and_without_its_mark(void **state)
{
	static const char *const encodings[] = {"UTF-16", "UTF-16LE", "UTF-16BE"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(encodings); i++) {
		gsize length;
		g_autofree char *text =
			g_convert(PEM, -1, encodings[i], "UTF-8", NULL, &length, NULL);

		assert_labels(text, length, "CERTIFICATE");
	}
}

static void
binary_is_told_by_its_first_byte(void **state)
{
	(void)state;
	assert_labels("\x30\x82\x01\x00", 4, "DER");
	assert_labels("\x98\x33\x04\x00", 4, "OpenPGP");
	assert_labels("\x00\x01\x02\x03", 4, "");
}

/* Nesting is limited: a mail in a mail in a mail, or base64 of base64. */
static void
depth_has_an_end(void **state)
{
	GString *text = g_string_new(PEM);

	(void)state;
	for (int i = 0; i < 50; i++) {
		g_autofree char *base64 = g_base64_encode((const guchar *)text->str, text->len);

		g_string_printf(
			text,
			"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n%s",
			base64);
		if (text->len > 100000)
			break;
	}
	assert_labels(text->str, text->len, "");
	g_string_free(text, TRUE);
}

static void
number_has_an_end(void **state)
{
	GString *text = g_string_new(NULL);
	g_autoptr(GPtrArray) some = NULL, all = NULL;

	(void)state;
	for (int i = 0; i < 20; i++)
		g_string_append(text, PEM);
	some = blocks_find(text->str, text->len, 10);
	assert_int_equal(some->len, 10 + 1);
	all = blocks_find(text->str, text->len, 20);
	assert_int_equal(all->len, 20);
	g_string_free(text, TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_any_kind_gives_its_blocks),
		cmocka_unit_test(utf16_is_read_with_and_without_its_mark),
		cmocka_unit_test(binary_is_told_by_its_first_byte),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(number_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
