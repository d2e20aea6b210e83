/* The text of HTML as a reader sees it. With a file name, prints the text of that file
 * (test_html_oracle.py). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mail/html_text.h"

/* In pieces of `size` bytes. Caller frees. */
static char *
text_of(const char *page, size_t length, enum html_view view, size_t size)
{
	GString *text = g_string_new(NULL);
	struct html_text html;

	html_text_init(&html, view);
	for (size_t at = 0; at < length; at += size)
		html_text_step(&html, page + at, MIN(size, length - at), text);
	html_text_end(&html, text);
	html_text_clear(&html);
	return g_string_free(text, FALSE);
}

static const struct {
	const char *page, *narrow, *wide; /* NULL: the same */
} cases[] = {
	{"<p>xy<b>z</b>zy</p>", "xyzzy", NULL},
	{"xy&zwj;z&#x7a;&#121;", "xy\u200dzzy", NULL},
	{"&lt;b&gt; &amp;amp; &euro;&#128; &notit; &not &copy2", "<b> &amp; €€ ¬it; ¬ ©2", NULL},
	{"&#0; &#xD800; &#x110000; &#99999999999; &#; &#x; &;",
	 "\ufffd \ufffd \ufffd \ufffd &#; &#x; &;", NULL},
	{"a<!-- b -->c<!-->d<!--->e<!-- f --!>g", "acdeg", NULL},
	{"a<script>if (a<b) '</p>'</script>b<style>p{}</style>c<title>t</title>d", "abcd",
	 "abcd\nt\n"},
	{"<script><!-- <script> </script> xyzzy --></script>a", "a", NULL},
	{"<script>x</scripty></script >a", "a", NULL},
	{"<textarea> a\n<b></textarea>", " a\n<b>", NULL},
	{"<p>one<p>two<br>three<div>four</div>five", "one\ntwo\nthree\nfour\nfive", NULL},
	{"<table><tr><td>1<td>2<tr><td>3</table>", "1\t2\n3", NULL},
	{"  a \n\t b <b> c</b> ", "a b c", NULL},
	{"<pre>a\n  b</pre>", "a\n  b", NULL},
	{"AHV&nbsp;756", "AHV\u00a0756", NULL},
	{"<a href='x>y'>z</a><a title=\">\">w</a>", "zw", "zw\n>\n"},
	{"1 < 2 <3 </ 4> </>5", "1 < 2 <3 5", NULL},
	{"a<?php b ?>c<!DOCTYPE html>d<![CDATA[e]]>f", "acdf", NULL},
	{"<svg><![CDATA[<b>]]></svg>", "<b>", NULL},
	{"xy<span style='display: none'>noise</span>zzy", "xyzzy", "xynoisezzy"},
	{"xy<span hidden>n<span>o</span>ise</span>zzy", "xyzzy", "xynoisezzy"},
	{"xy<i style=\"font-size:0\">noise</i>zzy", "xyzzy", "xynoisezzy"},
	{"xy<i style='x-opacity:0.5;opacity:.0'>noise</i>zzy", "xyzzy", "xynoisezzy"},
	{"xy<font style=font-size:0px>noise</font>zzy<i style=font-size:0.9em>!</i>", "xyzzy!",
	 "xynoisezzy!"},
	{"<!--[if mso]>xyzzy<![endif]-->a", "a", "xyzzya"},
	{"a<img alt='xyzzy'>b<input value=q>", "ab", "ab\nxyzzy\n\nq\n"},
	{"<p title=xyzzy", "", NULL},
	{"x&#xy;z&amp", "x&#xy;z&", NULL},
	{"<SCRIPT\0>a", "", NULL},
	{"a\xff\xfe<b>\xe2\x82\xac", "a\xff\xfe\xe2\x82\xac", NULL},
};

/* Rules missed words that a reader saw, because a tag interrupted them or letters were written as
 * references. */
static void
page_reads_as_it_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (size_t size = 1; size < 64; size += 9) {
			size_t length = strlen(cases[i].page);
			g_autofree char *narrow = text_of(cases[i].page, length, HTML_NARROW, size);
			g_autofree char *wide = text_of(cases[i].page, length, HTML_WIDE, size);

			assert_string_equal(narrow, cases[i].narrow);
			assert_string_equal(wide, cases[i].wide == NULL ? cases[i].narrow
									: cases[i].wide);
		}
}

static void
byte_of_nothing_is_nothing(void **state)
{
	static const char page[] = "xy\0zzy<script\0>still text";
	g_autofree char *text = text_of(page, sizeof page - 1, HTML_NARROW, 5);

	(void)state;
	assert_string_equal(text, "xyzzystill text");
}

/* gumbo took 84 s for 37 kB of pages like this. */
static void
time_grows_with_the_length_alone(void **state)
{
	static const char *const pieces[] = {"<b id=1>", "<div>", "<p>x",  "&amp", "<!--",
					     "<a b='",	 "&#x",	  "<svg>", "</",   "<![CDATA["};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) page = g_string_new(NULL);
		g_autofree char *text = NULL;
		clock_t begun = clock();

		while (page->len < 4 << 20)
			g_string_append(page, pieces[i]);
		text = text_of(page->str, page->len, HTML_WIDE, 65536);
		assert_in_range(clock() - begun, 0, 20 * CLOCKS_PER_SEC);
	}
}

/* Pages in a file, one per line, with "\n" written as \x01: their narrow view is printed in the
 * same form. */
static int
print(const char *path)
{
	g_autofree char *content = NULL;
	g_auto(GStrv) pages = NULL;

	if (!g_file_get_contents(path, &content, NULL, NULL))
		return 1;
	pages = g_strsplit(content, "\n", -1);
	for (char **page = pages; *page != NULL && page[1] != NULL; page++) {
		g_autofree char *text = NULL;

		g_strdelimit(*page, "\x01", '\n');
		text = text_of(*page, strlen(*page), HTML_NARROW, 7);
		puts(g_strdelimit(text, "\n", '\x01'));
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_reads_as_it_is_seen),
		cmocka_unit_test(byte_of_nothing_is_nothing),
		cmocka_unit_test(time_grows_with_the_length_alone),
	};

	return argc == 2 ? print(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
