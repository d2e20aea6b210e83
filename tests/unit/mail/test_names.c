/* The names of attachments, as rules compare them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/encoded_words.h"
#include "mail/mime_stream.h"
#include "mail/names.h"
#include "message_of.h"

#define ZIP                                                                                        \
	"UEsDBBQAAAAAAAAAIVx9W1rdBAAAAAQAAAALAAAAcGxhbnMvYS5kd2dwbGFuUEsBAhQDFAAAAAAA\n"           \
	"AAAhXH1bWt0EAAAABAAAAAsAAAAAAAAAAAAAAIABAAAAAHBsYW5zL2EuZHdnUEsFBgAAAAABAAEA\n"           \
	"OQAAAC0AAAAAAA==\n"

struct search {
	const char *name;
	bool found;
};

static bool
look_for(void *visitor, const char *name, const char *type)
{
	struct search *search = visitor;

	assert_non_null(type);
	search->found |= name != NULL && strcmp(name, search->name) == 0;
	return true;
}

#define TYPE	 "Content-Type: application/octet-stream"
#define ATTACHED "Content-Disposition: attachment; "

static const struct {
	const char *message, *name;
} cases[] = {
	{TYPE "; name=a.dwg\n\nx", "a.dwg"},
	{ATTACHED "filename=\"a.dwg\"\n\nx", "a.dwg"},
	{TYPE "; name=\"a.dwg \"\n\nx", "a.dwg"},
	{TYPE "; name=\"a.dwg. .\"\n\nx", "a.dwg"},
	{TYPE "; name=\"C:\\\\plans\\\\a.dwg\"\n\nx", "a.dwg"},
	{TYPE "; name=\"plans/a.dwg\"\n\nx", "a.dwg"},
	{TYPE "; name=a.dwg\n" ATTACHED "filename=a.txt\n\nx", "a.dwg"},
	{TYPE "; name=a.txt\n" ATTACHED "filename=a.dwg\n\nx", "a.dwg"},
	{TYPE "; name=a.txt; name=a.dwg\n\nx", "a.dwg"},
	/* Python reads a.dwg in each but the third, where a reader that removes comments does. */
	{TYPE "; name=a.dwg(c)\n\nx", "a.dwg"},
	{ATTACHED "filename=a.dwg (c)\n\nx", "a.dwg"},
	{TYPE "; name=a.d(x(y))wg\n\nx", "a.dwg"},
	{TYPE "; name=(c)a.dwg\n\nx", "a.dwg"},
	{TYPE "; name=\"a.dwg\"(c)\n\nx", "a.dwg"},
	{TYPE "; name=\"a(1).dwg\"\n\nx", "a(1).dwg"},
	/* RFC 2231 §3, §4, and RFC 2047 where it does not belong. */
	{ATTACHED "filename*0=\"a\"; filename*1=\".dwg\"\n\nx", "a.dwg"},
	{ATTACHED "filename*=utf-8'en'%e2%82%ac%20rates.dwg\n\nx", "\u20ac rates.dwg"},
	{ATTACHED "filename*0*=iso-8859-1'de'Gr%FC; filename*1*=%DFe.dwg\n\nx", "Gr\u00fc\u00df"
										"e.dwg"},
	{TYPE "; name=\"=?utf-8?q?Gr=C3=BC=C3=9Fe.dwg?=\"\n\nx", "Gr\u00fc\u00df"
								 "e.dwg"},
	{TYPE "; name==?utf-8?b?R3LDvMOfZS5kd2c=?=\n\nx", "Gr\u00fc\u00df"
							  "e.dwg"},
	/* Malformed words, which mail programs decode all the same. */
	{TYPE "; name=\"=?utf-8?b?YS5kd2c?=\"\n\nx", "a.dwg"},
	{TYPE "; name=\"=?utf-8?b?YS4=?= =?utf-8?b?ZHdn?=\"\n\nx", "a.dwg"},
	{TYPE "; name=\"=?utf-8?q?a.d?==?utf-8?q?wg\"\n\nx", "a.dwg"},
	/* GMime passes over these, and other programs do not. */
	{"Content-Type: application/x name=\"a.dwg\"\n\nx", "a.dwg"},
	{TYPE "; name='a.dwg'\n\nx", "a.dwg"},
	{TYPE "\nContent-Description: a.dwg\n\nx", "a.dwg"},
	{TYPE "\nContent-Location: plans/a.dwg\n\nx", "a.dwg"},
	{TYPE "; name=\"a.dw\tg\"\n\nx", "a.dwg"},
	{TYPE "; name=\"a.dwg::$DATA\"\n\nx", "a.dwg"},
	{TYPE "; name=\"c:\\\\x\\\\a.dwg\\\\\"\n\nx", "a.dwg"},
	/* As a Mac composes accented letters. */
	{TYPE "; name=\"Gru\u0308n.dwg\"\n\nx", "Gr\u00fcn.dwg"},
	{"Content-Type: message/rfc822; name=a.dwg\n\nSubject: x\n\nx", "a.dwg"},
	{"Content-Type: message/rfc822\n\nContent-Type: image/x; name=a.dwg\n\nx", "a.dwg"},
	{"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	 "Q29udGVudC1UeXBlOiBpbWFnZS94OyBuYW1lPWEuZHdnCgp4Cg==\n",
	 "a.dwg"},
	{"Content-Type: text/plain\n\nSee here:\nbegin 644 a.dwg\n#0V%T\n`\nend\n", "a.dwg"},
	{"Content-Type: text/plain\n\nbegin-base64 644 a.dwg\nQ2F0\n====\n", "a.dwg"},
	{"Content-Type: text/plain\n\n=ybegin line=128 size=3 name=a.dwg\n", "a.dwg"},
	/* python3 -m zipfile of plans/a.dwg. */
	{"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n" ZIP,
	 "a.dwg"},
	/* python3 -m zipfile after a program that unpacks it. */
	{TYPE
	 "; name=a.exe\nContent-Transfer-Encoding: base64\n\n"
	 "TVoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFBLAwQUAAAAAAAAACEAgxbcjAEAAAABAAAA\nBQAAAGEuZHdneFBLAQIUAxQAAAAAAAAAIQCDFtyMAQAAAAEAAAAFAAAAAAAAAAAAAACAAcoAAABh\nLmR3Z1BLBQYAAAAAAQABADMAAADuAAAAAAA=\n",
	 "a.dwg"},
	/* unzip -l shows the Unicode path of a.txt, a.dwg. */
	{TYPE "; name=a.zip\nContent-Transfer-Encoding: base64\n\n"
	      "UEsDBBQAAAAAAAAAIQCDFtyMAQAAAAEAAAAFAA4AYS50eHR1cAoAAbr368FhLmR3Z3hQSwECFAMU\n"
	      "AAAAAAAAACEAgxbcjAEAAAABAAAABQAOAAAAAAAAAAAAgAEAAAAAYS50eHR1cAoAAbr368FhLmR3\n"
	      "Z1BLBQYAAAAAAQABAEEAAAAyAAAAAAA=\n",
	 "a.dwg"},
	/* A message as a file, and a name with invisible letters. */
	{TYPE "; name=a.eml\n\nContent-Type: image/x; name=a.dwg\n\nx", "a.dwg"},
	{"Content-Type: text/plain\n" ATTACHED
	 "filename=A.EML\n\nContent-Type: image/x; name=a.dwg\n\nx",
	 "a.dwg"},
	{TYPE "; name=a.txt; name=\"a.eml.\"\n\nContent-Type: image/x; name=a.dwg\n\nx", "a.dwg"},
	{TYPE "; name=\"a.d\u00adw\u200dg\"\n\nx", "a.dwg"},
	{TYPE "\nContent-Transfer-Encoding: base64\n\n" ZIP, "plans/a.dwg"},
};

/* Promise 1: rules saw other names than the reader's mail program. */
static void
name_is_what_the_reader_gets(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(message_auto) message = message_of(cases[i].message);
		g_autoptr(parts_auto) parts = parts_new(message, 100);
		struct search search = {.name = cases[i].name};
		struct fault fault;

		assert_true(names_each(parts, look_for, &search, &fault));
		if (!search.found)
			fail_msg("no %s in: %s", cases[i].name, cases[i].message);
	}
}

static bool
count_bytes(void *visitor, const char *name, const char *type)
{
	(void)type;
	*(size_t *)visitor += name == NULL ? 0 : strlen(name);
	return true;
}

/* A message with so many attachments; `field` is in each of them. */
static char *
with_attachments(unsigned count, const char *field)
{
	GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\n\n");

	for (unsigned i = 0; i < count; i++)
		g_string_append_printf(text, "--b\n%s\n\nx\n", field);
	g_string_append(text, "--b--\n");
	return g_string_free(text, FALSE);
}

/* Within one field each name reaches over those that follow. It took five seconds for each of 900
 * attachments. */
static void
names_within_names_took_an_hour(void **state)
{
	g_autoptr(GString) field = g_string_new(TYPE "; ");
	g_autofree char *text = NULL;
	size_t bytes = 0;
	struct fault fault;

	(void)state;
	for (int i = 0; i < 11000; i++)
		g_string_append(field, "name=");
	text = with_attachments(20, field->str);
	{
		g_autoptr(message_auto) message = message_of(text);
		g_autoptr(parts_auto) parts = parts_new(message, 100);

		assert_false(names_each(parts, count_bytes, &bytes, &fault));
	}
	assert_int_equal(fault.cause, FAULT_INPUT);
	assert_string_equal(fault.text, "The message has header fields that programs may read in "
					"too many ways.");
	assert_in_range(bytes, 1, 3 * READINGS_BYTES);
}

/* 28 bytes announce a name of 32 kB, and so do the next 28: 1 MB had 1.2 GB of names. */
static void
names_within_names_of_an_archive_filled_the_memory(void **state)
{
	g_autoptr(GString) text = g_string_new(TYPE "\nContent-Transfer-Encoding: base64\n\n");
	g_autoptr(GString) archive = g_string_new(NULL);
	g_autofree char *encoded = NULL;
	size_t bytes = 0;
	struct fault fault;

	(void)state;
	while (archive->len < 1024 * 1024)
		g_string_append_len(archive, "PK\3\4aaaaaaaaaaaaaaaaaaaaaa\x7f\x7f", 28);
	encoded = g_base64_encode((guchar *)archive->str, archive->len);
	for (const char *at = encoded; *at != '\0'; at += strnlen(at, 76))
		g_string_append_printf(text, "%.76s\n", at);
	{
		g_autoptr(message_auto) message = message_of(text->str);
		g_autoptr(parts_auto) parts = parts_new(message, 100);
		g_autoptr(GPtrArray) names = names_of_message(message, 100);

		assert_in_range(names->len, 1, 200);
		assert_false(names_each(parts, count_bytes, &bytes, &fault));
	}
	assert_int_equal(fault.cause, FAULT_INPUT);
	assert_in_range(bytes, 1, 4 * READINGS_BYTES);
}

/* In a national character set and in several words, as Outlook writes them. */
static void
names_of_many_attachments_are_looked_at(void **state)
{
	g_autofree char *text = with_attachments(
		500, TYPE ";\n\tname=\"=?koi8-r?B?8NLJzM/Wxc7JxSDLIMTPx8/Xz9LVIM8g?=\n\t"
			  "=?koi8-r?B?0M/T1MHXy8UucGRm?=\"\n" ATTACHED
			  "\n\tfilename=\"=?koi8-r?B?8NLJzM/Wxc7JxSDLIMTPx8/Xz9LVIM8g?=\n\t"
			  "=?koi8-r?B?0M/T1MHXy8UucGRm?=\"");
	g_autoptr(message_auto) message = message_of(text);
	g_autoptr(parts_auto) parts = parts_new(message, 1000);
	size_t bytes = 0;
	struct fault fault;

	(void)state;
	assert_true(names_each(parts, count_bytes, &bytes, &fault));
	assert_true(bytes > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_what_the_reader_gets),
		cmocka_unit_test(names_within_names_took_an_hour),
		cmocka_unit_test(names_within_names_of_an_archive_filled_the_memory),
		cmocka_unit_test(names_of_many_attachments_are_looked_at),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
