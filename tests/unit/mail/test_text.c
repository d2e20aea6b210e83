/* What a reader sees of a message, for rules that ask about it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "mail/mime_stream.h"
#include "mail/names.h"
#include "mail/html_tokens.h"
#include "mail/text.h"
#include "message_of.h"
#include "tests/unit/spooled.h"

static bool
collect(void *visitor, const char *text, size_t length)
{
	g_string_append_len(visitor, text, (gssize)length);
	return true;
}

/* Promise 1: a read error was taken for the end of the text, and rules saw nothing. */
static void
text_that_cannot_be_read_is_a_fault(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autofree char *body = g_strnfill(300000, 'x');

	(void)state;
	for (off_t left = 0; left < 300000; left += 60000) {
		g_autoptr(message_auto) message = message_new(&on_disk);
		g_autoptr(parts_auto) parts = parts_new(message, 10);
		g_autoptr(GString) text = g_string_new(NULL);
		struct fault fault = {0};

		message_add_field(message, "Content-Type", " text/plain; charset=utf-8");
		assert_true(message_add_body(message, body, 300000, &fault));
		assert_true(text_each(parts, collect, text, &fault));
		assert_int_equal(ftruncate(spooled_file(), left), 0);
		assert_false(text_each(parts, collect, text, &fault));
		assert_true(fault_is_temporary(&fault));
		assert_int_equal(fault.cause, FAULT_STORAGE);
	}
}

/* In a file, where a read that returns nothing is not the end. */
static void
parts_in_a_file_are_read_to_their_ends(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autoptr(message_auto) message = message_new(&on_disk);
	g_autoptr(parts_auto) parts = parts_new(message, 20000);
	g_autoptr(GString) body = g_string_new(NULL), text = g_string_new(NULL);
	struct fault fault = {0};

	(void)state;
	for (int i = 0; i < 9000; i++)
		g_string_append_printf(body, "--b\r\n\r\n%d\r\n", i);
	g_string_append(body, "--b--\r\n");
	message_add_field(message, "Content-Type", " multipart/mixed; boundary=b");
	assert_true(message_add_body(message, body->str, body->len, &fault));
	assert_true(text_each(parts, collect, text, &fault));
	assert_true(g_str_has_suffix(text->str, "8999"));
}

struct search {
	const char *word;
	bool found;
};

static bool
look_for(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;

	assert_true(g_utf8_validate_len(text, length, NULL));
	search->found |= memmem(text, length, search->word, strlen(search->word)) != NULL;
	return !search->found;
}

static bool
says(const char *text, size_t length, const char *word)
{
	g_autoptr(message_auto) message = message_of_bytes(text, length);
	g_autoptr(parts_auto) parts = parts_new(message, 5000);
	struct search search = {.word = word};
	struct fault fault;

	assert_true(text_each(parts, look_for, &search, &fault));
	return search.found;
}

#define CMS_SIGNED_TEXT                                                                            \
	"MIHsBgkqhkiG9w0BBwKggd4wgdsCAQExDTALBglghkgBZQMEAgEwNwYJKoZIhvcNAQcBoCoEKENv\n"           \
	"bnRlbnQtVHlwZTogdGV4dC9wbGFpbgoKYSBzZWNyZXQgd29yZAoxgY0wgYoCAQEwJDAMMQowCAYD\n"           \
	"VQQDDAF4AhQmzl9U1Ph9eUsPzXOVIc5DAVZXazALBglghkgBZQMEAgEwCgYIKoZIzj0EAwIERjBE\n"           \
	"AiAOXGaOGv2au1DfrgRv37dCm9B+buIkP7sCJMAZ6KB1xQIgNtq+aNSRHWU1MCEEc7q753IVe3hq\n"           \
	"l3RgCvOVsElQCjc=\n"
#define HTML   "Content-Type: text/html; charset=utf-8\n\n"
#define BASE64 "Content-Transfer-Encoding: base64\n\n"

/* Each of these shows "a secret word" to its reader. */
static const char *const secrets[] = {
	"\na secret word\n",
	HTML "a se<b>cr</b>et&#32;word",
	HTML "<p>a\nsecret\tw&#111;r<!-- -->d</p>",
	HTML "a&nbsp;se&shy;cret&ensp;wo\u200brd",
	HTML "a se<i style='display:none'>x</i>cret word",
	HTML "<!--[if mso]><p>a secret word</p><![endif]-->",
	HTML "<img alt='a secret word'>",
	"Content-Type: application/xhtml+xml\n\n<html><p>a se<b>cret</b> word</p></html>",
	"Content-Type: application/octet-stream; name=a.html\n" BASE64
	"PGh0bWw+YSBzZTxiPmNyZXQ8L2I+IHdvcmQ8L2h0bWw+\n",
	"Content-Type: text/plain; name=a.htm\n\na se<b>cr</b>et word\n",
	"Content-Type: application/octet-stream; name=a.html\n\na se<b>cr</b>et word\n",
	/* Invalid types, and files that are text. */
	"Content-Type: text\n\na secret word\n",
	"Content-Type:\n\na secret word\n",
	"Content-Type: text; charset=utf-8\n" BASE64 "YSBzZWNyZXQgd29yZA==\n",
	"Content-Type: application/octet-stream; name=a.csv\n" BASE64 "YSBzZWNyZXQgd29yZA==\n",
	"Content-Type: application/vnd.ms-excel; name=a.csv\n\na secret word\n",
	"Content-Type: application/vnd.ms-excel; name=a.csv\n\n\x01"
	"a secret word\n",
	/* Character sets: UTF-16 with and without a name, none, a wrong one, wide letters,
	   stand-alone accents. */
	"Content-Type: text/plain; charset=utf-16le\n" BASE64
	"YQAgAHMAZQBjAHIAZQB0ACAAdwBvAHIAZAA=\n",
	"Content-Type: application/octet-stream\n" BASE64
	"//5hACAAcwBlAGMAcgBlAHQAIAB3AG8AcgBkAA==\n",
	"Content-Type: text/plain; charset=\"no such thing\"\n\na secret word\n",
	"Content-Type: text/plain; charset=utf-8\n\na \uff53\uff45\uff43\uff52\uff45\uff54 word\n",
	/* What Unicode ignores by default, and control characters. */
	"Content-Type: text/plain; charset=utf-8\n\na se\u00adc\u200dr\u180be\u3164t \U000e0020w\U000e0101ord\n",
	"Content-Type: text/plain; charset=utf-8\n\na se\001cret w\xc2\x81ord\n",
	/* RFC 5545 §3.1: folded within a word. */
	"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nSUMMARY:a se\n cret wo\n\trd\nEND:VCALENDAR\n",
	"Content-Type: text/plain; charset=utf-32\n" BASE64
	"//4AAGEAAAAgAAAAcwAAAGUAAABjAAAAcgAAAGUAAAB0AAAAIAAAAHcAAABvAAAAcgAAAGQAAAA=\n",
	"Content-Type: text/vcard\n\nBEGIN:VCARD\nNOTE:a se\n cret word\nEND:VCARD\n",
	/* Lines that flow, RFC 3676 §4.1, and with DelSp §4.2. */
	"Content-Type: text/plain; format=flowed\n\na secret \nword\n",
	"Content-Type: text/plain; format=flowed; delsp=yes\n\n> a sec \n> ret word\n",
	"Content-Type: text/plain; format=flowed\n\na secret word\n",
	/* Multiparts without a boundary or with a wrong one, and text before and after the parts.
	 */
	"Content-Type: multipart/mixed\n\n--b\n\na secret word\n--b--\n",
	"Content-Type: multipart/mixed; boundary=c\n\n--b\n\na secret word\n--b--\n",
	"Content-Type: multipart/mixed; boundary=b\n\na secret word\n--b\n\nHi.\n--b--\n",
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b--\na secret word\n",
	/* Attached messages, as they should be, and in base64. */
	"Content-Type: message/rfc822\n\nSubject: x\n\na secret word\n",
	"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?a_secret?=\n word\n\nHi.\n",
	"Content-Type: message/rfc822\n" BASE64 "U3ViamVjdDogeAoKYSBzZWNyZXQgd29yZAo=\n",
	"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\nSubject: x\n"
	"Content-Type: text/html\n\na se=3Cb>cret</b> word\n",
	/* openssl cms -sign -nodetach of "Content-Type: text/plain\n\na secret word\n". */
	"Content-Type: application/pkcs7-mime; smime-type=signed-data\n" BASE64 CMS_SIGNED_TEXT,
};

/* Promise 1: rules on the text saw less than a reader does. */
static void
text_is_what_a_reader_sees(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
		if (!says(secrets[i], strlen(secrets[i]), "a secret word"))
			fail_msg("not found: %s", secrets[i]);
}

/* Promise 1: of an attached message, only the subject counted; its reader is shown more. */
static void
fields_of_an_attached_message_were_not_seen(void **state)
{
	static const char *const fields[] = {
		"Subject: a secret word",
		"Subject: x\nSubject: a secret word",
		"From: a secret word <a@b.example>",
		"From: a@b.example (a secret word)",
		"From: =?utf-8?q?a_secret?= word <a@b.example>",
		"Sender: a secret word <a@b.example>",
		"Reply-To: a@b.example, \"a secret word\" <b@b.example>",
		"to: a@b.example,\n a secret word <b@b.example>",
		"Cc: a secret word: a@b.example;",
		"Bcc: a secret word <a@b.example>",
		"Date: Sat, 28 Nov 2026 11:30:47 +0000 (a secret word)",
		"Date: 28 Nov 26 11:30 GMT (a secret word)",
		"Date: a secret word",
		"Organization: a secret word",
		"Comments: a secret word",
		"Keywords: a secret word",
		"Thread-Topic: a secret word",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *inner = g_strconcat(fields[i], "\n\nHi.\n", NULL);
		g_autofree char *base64 = g_base64_encode((const guchar *)inner, strlen(inner));
		g_autofree char *attached =
			g_strconcat("Content-Type: message/rfc822\n\n", inner, NULL);
		g_autofree char *file = g_strconcat("Content-Type: application/octet-stream; "
						    "name=a.eml\n" BASE64,
						    base64, "\n", NULL);

		if (!says(attached, strlen(attached), "a secret word"))
			fail_msg("not found in an attached message: %s", fields[i]);
		if (!says(file, strlen(file), "a secret word"))
			fail_msg("not found in a file: %s", fields[i]);
	}
}

/* Every message has one, and a rule for the number of a year would find it. */
static void
date_is_no_text(void **state)
{
	static const char attached[] = "Content-Type: message/rfc822\n\n"
				       "Date: Sat, 28 Nov 2026 11:30:47 +0000\n\nHi.\n";
	static const char other[] =
		"Content-Type: message/rfc822\n\nX-Mailer: a secret word\n\nHi.\n";

	(void)state;
	assert_false(says(attached, strlen(attached), "2026"));
	assert_false(says(other, strlen(other), "a secret word"));
}

/* Promise 1: Excel and editors show a list that begins with a byte that is not text, or has one
 * within; rules did not look into it. */
static void
one_control_byte_hid_a_list(void **state)
{
	static const char *const types[] = {"application/octet-stream; name=list.csv",
					    "application/vnd.ms-excel; name=list.csv",
					    "application/x-unknown"};
	static const struct {
		const char *bytes;
		size_t length;
	} lists[] = {
		{"\1a secret word", 14},
		{"1,a secret word\0\n2,more\n", 24},
		{"\v1|a secret word|2|more and more\034\r\n", 35},
		{"1,M\xfcller,a se\2cret word\n2,more\n", 31},
		{"\1a\0 \0s\0e\0c\0r\0e\0t\0 \0w\0o\0r\0d\0", 27},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		for (size_t j = 0; j < G_N_ELEMENTS(lists); j++) {
			g_autofree char *base64 =
				g_base64_encode((const guchar *)lists[j].bytes, lists[j].length);
			g_autofree char *message = g_strconcat("Content-Type: ", types[i], "\n",
							       BASE64, base64, "\n", NULL);

			if (!says(message, strlen(message), "a secret word"))
				fail_msg("not found: list %zu of the type %s", j, types[i]);
		}
}

/* Promise 1: whether it is read and whether it is opaque was asked of more and of fewer of its
 * first bytes, with different answers. */
static void
list_behind_other_bytes_was_neither_read_nor_opaque(void **state)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	g_autofree char *base64 = NULL, *message = NULL;

	(void)state;
	for (unsigned i = 0; i < 1500; i++)
		g_string_append_c(bytes, (char)(i * i / 7));
	while (bytes->len < 40000)
		g_string_append(bytes, "a line of a list\n");
	while (bytes->len < 64000)
		g_string_append_c(bytes, '\0');
	g_string_append(bytes, "a secret word\n");
	base64 = g_base64_encode((const guchar *)bytes->str, bytes->len);
	message = g_strconcat("Content-Type: application/octet-stream; name=list.csv\n", BASE64,
			      base64, "\n", NULL);
	assert_true(says(message, strlen(message), "a secret word"));
}

/* Promise 1: of a value, its first kilobyte counted, and an element with a long name hid nothing.
 */
static void
long_values_hid_what_they_say(void **state)
{
	static const char *const pages[][2] = {
		{"<img alt='", " a secret word'>"},
		{"a se<i style='", ";display:none'>x</i>cret word"},
		{"<p title='", "a secret word'>Hi.</p>"},
	};
	static const char long_name[] =
		HTML "a se<one-of-our-elements style='display:none'>x</one-of-our-elements>cret "
		     "word";

	(void)state;
	for (size_t length = 1000; length < 300000; length *= 6)
		for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
			g_autofree char *before = g_strnfill(length, 'y');
			g_autofree char *page =
				g_strconcat(HTML, pages[i][0], before, pages[i][1], NULL);

			/* Of a style that is too long, nothing is taken for certain. */
			if (length > HTML_VALUE_MAX && i != 1)
				continue;
			if (!says(page, strlen(page), "a secret word"))
				fail_msg("not found behind %zu bytes: %s", length, pages[i][1]);
		}
	assert_true(says(long_name, strlen(long_name), "a secret word"));
}

static void
text_is_not_what_nobody_sees(void **state)
{
	static const char *const others[] = {
		HTML
		"<style>a secret word</style><script>a secret word</script><!-- a secret word -->",
		HTML "<a href='a secret word'>Hi.</a>",
		"Content-Type: image/png\n" BASE64 "iVBORw0KGgoAYSBzZWNyZXQgd29yZA==\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (says(others[i], strlen(others[i]), "a secret word"))
			fail_msg("found: %s", others[i]);
}

/* A word that spans two windows, and one after a character that is cut in two. */
static void
long_text_is_seen_without_gaps(void **state)
{
	(void)state;
	for (size_t before = (1 << 20) - 20; before < (1 << 20) + 20; before++) {
		g_autoptr(GString) text =
			g_string_new("Content-Type: text/plain; charset=utf-8\n\n");
		const size_t head = text->len;

		while (text->len < head + before - 3)
			g_string_append(text, "\u00e4\n");
		g_string_append(text, "a secret word\n");
		assert_true(says(text->str, text->len, "a secret word"));
	}
}

static void
charset_that_is_not_told_is_guessed(void **state)
{
	static const char *const texts[] = {
		"Content-Type: text/plain\n\nGr\xc3\xbc\xc3\x9f"
		"e\n",
		"Content-Type: text/plain\n\nGr\xfc\xdf"
		"e\n",
		"Content-Type: text/plain; charset=us-ascii\n\nGr\xfc\xdf"
		"e\n",
		"Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdf"
		"e \x80\n",
		"Content-Type: text/html\n\n<meta charset=iso-8859-15>Gr\xfc\xdf"
		"e \xa4\n",
		"Content-Type: text/plain; charset=utf-8\n\nGru\xcc\x88\xc3\x9f"
		"e\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (!says(texts[i], strlen(texts[i]),
			  "Gr\u00fc\u00df"
			  "e"))
			fail_msg("not found: %s", texts[i]);
	assert_true(says(texts[3], strlen(texts[3]), "\u20ac"));
	assert_true(says(texts[4], strlen(texts[4]), "\u20ac"));
}

/* A word of the text in this character set, sent as base64 with these fields. */
static bool
says_in(const char *charset, const char *text, const char *fields)
{
	gsize length;
	g_autofree char *bytes = g_convert(text, -1, charset, "UTF-8", NULL, &length, NULL);
	g_autofree char *base64 = g_base64_encode((const guchar *)bytes, length);
	g_autofree char *message = g_strconcat(fields, BASE64, base64, "\n", NULL);

	return says(message, strlen(message), text);
}

/* What a reader of the portal sees of a text, a rule finds; and what other programs see, too. */
static void
rules_see_text_in_an_unknown_charset_as_readers_do(void **state)
{
	static const char plain[] = "Content-Type: text/plain\n";
	static const char wrong[] = "Content-Type: text/plain; charset=iso-8859-1\n";
	static const char file[] = "Content-Type: application/octet-stream\n";
	static const char page[] = "Content-Type: text/html; charset=utf-8\n";
	static const char card[] = "card 4111 1111 1111 1111 of M\u00fcller";
	static const char words[] = "Номер карты клиента: 4111 1111 1111 1111";

	(void)state;
	assert_true(says_in("UTF-16LE", card, plain));
	assert_true(says_in("UTF-16BE", card, plain));
	assert_true(says_in("UTF-16LE", card, wrong));
	assert_true(says_in("UTF-16BE", card, file));
	assert_true(says_in("UTF-16LE", card, page));
	assert_true(says_in("KOI8-R", words, plain));
	assert_true(says_in("WINDOWS-1251", words, page));
	assert_true(says_in("UTF-16LE", words, plain));
	/* As it is said */
	assert_true(says_in("WINDOWS-1252",
			    "\u00cd\u00ee\u00ec\u00e5\u00f0 \u00ea\u00e0\u00f0\u00f2\u00fb",
			    plain));
	assert_true(says_in("WINDOWS-1252", "H\u0152llo", wrong));
}

static bool
see_name(void *visitor, const char *name, const char *type)
{
	(void)visitor;
	(void)name;
	return type != NULL;
}

/* The same during parsing. */
static void
structure_that_cannot_be_read_is_a_fault(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	static const char parts_of_it[] =
		"--b\r\n\r\none\r\n--b\r\nContent-Type: image/vnd.dwg; name=a.dwg\r\n\r\ntwo";
	g_autofree char *more = g_strnfill(300000, 'x'); /* so that all of it is in the file */
	g_autofree char *body = g_strdup_printf("%s\r\n%s\r\n--b--\r\n", parts_of_it, more);

	(void)state;
	for (off_t left = 0; left < (off_t)sizeof parts_of_it; left += 7) {
		g_autoptr(message_auto) message = message_new(&on_disk);
		g_autoptr(parts_auto) parts = parts_new(message, 10);
		struct fault fault = {0};

		message_add_field(message, "Content-Type", " multipart/mixed; boundary=b");
		assert_true(message_add_body(message, body, strlen(body), &fault));
		assert_int_equal(ftruncate(spooled_file(), left), 0);
		assert_false(names_each(parts, see_name, NULL, &fault));
		assert_int_equal(fault.cause, FAULT_STORAGE);
	}
}

/* Promise 1: the halves of a word never came into the same window. Unicode 15 (table 23-2) says
 * that the reader sees nothing of what is between them. */
static void
invisible_letters_do_not_part_a_word(void **state)
{
	static const struct {
		const char *head, *between;
	} kinds[] = {
		{"Content-Type: text/plain; charset=utf-8\n\n", "\u200b"},
		{"Content-Type: text/plain; charset=utf-8; format=flowed\n\n", "\u00ad"},
		{"Content-Type: text/plain; charset=utf-8\n\n", "\u200b\u2060\U000e0020\x01"},
		{HTML, "&shy;"},
		{HTML, "\u200b"},
		{"Content-Type: multipart/mixed; boundary=b\n\n", "\u200b"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		for (int count = 63; count < 1000000; count = count * 5 + 1) {
			g_autoptr(GString) text = g_string_new(kinds[i].head);

			g_string_append(text, "a sec");
			for (int j = 0; j < count; j++) {
				g_string_append(text, kinds[i].between);
				if (j % 100 == 99 && strcmp(kinds[i].between, "&shy;") == 0)
					g_string_append(text, "<!--\n-->");
			}
			g_string_append(text, "ret word\n");
			assert_true(says(text->str, text->len, "a secret word"));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invisible_letters_do_not_part_a_word),
		cmocka_unit_test(text_is_what_a_reader_sees),
		cmocka_unit_test(fields_of_an_attached_message_were_not_seen),
		cmocka_unit_test(date_is_no_text),
		cmocka_unit_test(one_control_byte_hid_a_list),
		cmocka_unit_test(list_behind_other_bytes_was_neither_read_nor_opaque),
		cmocka_unit_test(long_values_hid_what_they_say),
		cmocka_unit_test(text_is_not_what_nobody_sees),
		cmocka_unit_test(long_text_is_seen_without_gaps),
		cmocka_unit_test(charset_that_is_not_told_is_guessed),
		cmocka_unit_test(rules_see_text_in_an_unknown_charset_as_readers_do),
		cmocka_unit_test(text_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(parts_in_a_file_are_read_to_their_ends),
		cmocka_unit_test(structure_that_cannot_be_read_is_a_fault),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
