/* Texts whose character set is missing or wrong are read as they were written: iconv(3) makes the
 * bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/charset.h"
#include "mail/field.h"
#include "mail/mime_stream.h"

static const char german[] = "Sehr geehrte Frau Müller, für Ihre Überweisung danken wir herzlich.";
static const char french[] =
	"Chère Madame, nous avons bien reçu votre règlement. Où êtes-vous née?";
static const char polish[] =
	"Szanowna Pani, dziękujemy za wpłatę. Zażółć gęślą jaźń, życzę miłości.";
static const char russian[] =
	"Уважаемая госпожа, благодарим вас за заказ. Приходите во вторник утром.";
static const char ukrainian[] =
	"Шановна пані, дякуємо за замовлення. Приходьте у вівторок, її чекають.";
static const char greek[] = "Αγαπητή κυρία, σας ευχαριστούμε για την παραγγελία σας.";
static const char hebrew[] = "גברתי הנכבדה, תודה על ההזמנה שלך. אנא בואי ביום שלישי בשעה תשע.";
static const char turkish[] =
	"Sayın Bayan, siparişiniz için teşekkür ederiz. Işık, ağaç, çiğ köfte.";
static const char japanese[] =
	"拝啓、ご注文ありがとうございます。火曜日の午前九時にお越しください。よろしくお願いいたします。";
static const char chinese[] =
	"尊敬的女士，感谢您的订购。请在星期二上午九点来。此致敬礼。我们等待您的回复。";
static const char korean[] =
	"존경하는 고객님, 주문해 주셔서 감사합니다. 화요일 오전 아홉 시에 와 주세요.";

struct sample {
	const char *text, *charset; /* in which it is written */
	const char *declared;
	bool is_html;
};

static char *
encode(const struct sample *sample, gsize *length_r)
{
	char *bytes = g_convert(sample->text, -1, sample->charset, "UTF-8", NULL, length_r, NULL);

	assert_non_null(bytes);
	return bytes;
}

static void
check(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sample *sample = &samples[i];
		gsize length;
		g_autofree char *bytes = encode(sample, &length);
		const char *found = charset_find(sample->declared, sample->is_html, bytes, length);
		g_autofree char *text = charset_decode(found, bytes, length);

		if (strcmp(text, sample->text) != 0)
			fail_msg("%s, declared as %s, was read as %s: %s", sample->charset,
				 sample->declared, found, text);
	}
}

static void
text_without_a_charset_is_read_in_its_own(void **state)
{
	static const struct sample samples[] = {
		{german, "WINDOWS-1252"},
		{french, "WINDOWS-1252"},
		{german, "UTF-8"},
		{polish, "ISO-8859-2"},
		{polish, "WINDOWS-1250"},
		{russian, "KOI8-R"},
		{russian, "WINDOWS-1251"},
		{russian, "ISO-8859-5"},
		{russian, "UTF-16LE"},
		{ukrainian, "WINDOWS-1251"},
		{ukrainian, "KOI8-U"},
		{greek, "ISO-8859-7"},
		{greek, "WINDOWS-1253"},
		{hebrew, "WINDOWS-1255"},
		{turkish, "WINDOWS-1254"},
		{japanese, "SHIFT_JIS"},
		{japanese, "EUC-JP"},
		{japanese, "ISO-2022-JP"},
		{chinese, "GBK"},
		{chinese, "GB18030"},
		{korean, "EUC-KR"},
		{german, "UTF-16LE"},
		{german, "UTF-16BE"},
		{polish, "UTF-16BE"},
		{"4111 1111 1111 1111", "UTF-16LE"},
		{"4111 1111 1111 1111", "UTF-16BE"},
		/* With too few letters to tell: as most people write */
		{"Müller", "WINDOWS-1252"},
		{"Grüße, 5 €", "WINDOWS-1252"},
		{"", "UTF-8"},
	};

	(void)state;
	check(samples, G_N_ELEMENTS(samples));
}

static void
charset_that_the_bytes_contradict_is_not_believed(void **state)
{
	static const struct sample samples[] = {
		{russian, "WINDOWS-1251", "utf-8"},
		{russian, "KOI8-R", "us-ascii"},
		{japanese, "SHIFT_JIS", "utf-8"},
		{german, "WINDOWS-1252", "utf-8"},
		{german, "UTF-16LE", "utf-8"},
		{german, "UTF-16BE", "iso-8859-1"},
		{german, "UTF-8", "utf-16"},
		{"Only ASCII is in here.", "UTF-8", "utf-16le"},
		/* Its bytes have no meaning in windows-1252 */
		{"„Grüße”, “Mary”", "UTF-8", "windows-1252"},
		{korean, "UTF-8", "euc-kr"},
	};

	(void)state;
	check(samples, G_N_ELEMENTS(samples));
}

static void
declared_charset_comes_first(void **state)
{
	static const struct sample samples[] = {
		{russian, "KOI8-R", "koi8-r"},		 {german, "WINDOWS-1252", "iso-8859-1"},
		{"Ã¼ber", "WINDOWS-1252", "iso-8859-1"}, {"жз", "WINDOWS-1251", "windows-1251"},
		{german, "UTF-16LE", "utf-16le"},	 {japanese, "ISO-2022-JP", "iso-2022-jp"},
		{"漢字", "UTF-16BE", "utf-16be"},
	};

	(void)state;
	check(samples, G_N_ELEMENTS(samples));
}

static void
page_is_read_as_it_says(void **state)
{
	static const struct sample samples[] = {
		{"<meta charset=windows-1251><p>жз", "WINDOWS-1251", NULL, true},
		{"<meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\"><p>жз",
		 "KOI8-R", NULL, true},
		/* A template that says one thing, and a program that writes another */
		{"<meta charset=iso-8859-1><p>жз", "UTF-8", NULL, true},
		{"<meta charset=utf-8><p>Müller", "WINDOWS-1252", NULL, true},
		{"<meta charset=utf-16><p>Müller", "UTF-8", NULL, true},
		{"\ufeff<p>жз", "UTF-16LE", NULL, true},
		{"\ufeff<p>жз", "UTF-8", "windows-1252", true},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		gsize length;
		g_autofree char *bytes = encode(&samples[i], &length);
		const char *found = charset_find(samples[i].declared, true, bytes, length);
		g_autofree char *text = charset_decode(found, bytes, length);

		if (strstr(text, strstr(samples[i].text, "<p>")) == NULL)
			fail_msg("%s was read as %s", samples[i].text, found);
	}
}

static void
damaged_character_does_not_change_the_rest(void **state)
{
	static const char cut[] = "Sehr geehrte Frau M\xc3\xbcller, f\xc3\xbcr Sie: \xe2\x82 Ende";
	const char *found = charset_find("utf-8", false, cut, sizeof cut - 1);
	g_autofree char *text = charset_decode(found, cut, sizeof cut - 1);

	(void)state;
	assert_string_equal(found, "UTF-8");
	assert_non_null(strstr(text, "Müller, für Sie"));
	assert_non_null(strstr(text, "Ende"));
}

static void
pictures_are_no_text_in_utf_16(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x8\6\0\0\0";

	(void)state;
	assert_false(charset_is_utf16(png, sizeof png - 1));
	assert_false(charset_is_utf16("plain", 5));
	assert_false(charset_is_utf16("", 0));
	assert_true(charset_is_utf16("H\0i\0", 4));
}

static void
raw_bytes_in_a_field_are_read_as_text_is(void **state)
{
	static const char *const charsets[] = {"KOI8-R", "WINDOWS-1251", "UTF-8"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
		g_autofree char *field =
			g_convert(" Счёт за ноябрь", -1, charsets[i], "UTF-8", NULL, NULL, NULL);
		g_autofree char *shown = field_shown(field);
		g_autofree char *decoded = charset_decode_field(field);

		assert_string_equal(shown, "Счёт за ноябрь");
		assert_string_equal(decoded, " Счёт за ноябрь");
	}
	assert_null(charset_decode_field("ASCII =?utf-8?Q?=C3=BC?="));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_without_a_charset_is_read_in_its_own),
		cmocka_unit_test(charset_that_the_bytes_contradict_is_not_believed),
		cmocka_unit_test(declared_charset_comes_first),
		cmocka_unit_test(page_is_read_as_it_says),
		cmocka_unit_test(damaged_character_does_not_change_the_rest),
		cmocka_unit_test(pictures_are_no_text_in_utf_16),
		cmocka_unit_test(raw_bytes_in_a_field_are_read_as_text_is),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
