/* Plain text is taken apart as people read it, and no word of it is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "mail/prose.h"

/* "0|text", "1#table": depth, whether it is columns, text; one after another. */
static char *
shape_of(const char *text)
{
	g_autoptr(GPtrArray) blocks = prose_blocks(text);
	GString *shape = g_string_new(NULL);

	for (guint i = 0; i < blocks->len; i++) {
		const struct prose_block *block = g_ptr_array_index(blocks, i);

		g_string_append_printf(shape, "%s%u%c%s", i > 0 ? "\n" : "", block->depth,
				       block->is_columns ? '#' : '|', block->text);
	}
	return g_string_free(shape, FALSE);
}

static void
text_has_the_shape_that_people_see(void **state)
{
	static const struct {
		const char *text, *shape;
	} cases[] = {
		{"", ""},
		{"\n\n", ""},
		{"One.\nTwo.\n\nThree.\n", "0|One.\nTwo.\n\nThree."},
		{"  indented\n    more\n", "0|  indented\n    more"},
		/* Quotes, as programs write them */
		{"Yes.\n> Really?\n>> Sure.\n> > So?\nNo.\n",
		 "0|Yes.\n1|Really?\n2|Sure.\nSo?\n0|No."},
		{"> a\n>\n> b\n", "1|a\n\nb"},
		{"> a\n\nb", "1|a\n0|b"},
		{"x > y\n", "0|x > y"},
		{">>>>>>>>>>>>>>>> deep", "9|deep"},
		/* What lines up needs a font of fixed width, */
		{"Item        Price\nApples      3.00\nPears      12.50\n",
		 "0#Item        Price\nApples      3.00\nPears      12.50"},
		{"We offer:\n\nName:    Anna\nTown:    Bern\n\nRegards",
		 "0|We offer:\n0#Name:    Anna\nTown:    Bern\n0|Regards"},
		{"a\tb\nc\td\n", "0#a\tb\nc\td"},
		{"| a | b |\n+---+---+\n| c | d |\n", "0#| a | b |\n+---+---+\n| c | d |"},
		{"Item     1\n---------\nTotal    2\n", "0#Item     1\n---------\nTotal    2"},
		{"\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90\n",
		 "0#\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90"},
		{"> a    1\n> b    2\n", "1#a    1\nb    2"},
		{"Total      9\n\nNetto      8\n", "0#Total      9\n\nNetto      8"},
		/* and prose does not: two blanks after a sentence, a wide gap in one line. */
		{"It is so.  Yes.\nI saw it.  No.\n", "0|It is so.  Yes.\nI saw it.  No."},
		{"Dear   all,\nhow are you?\n", "0|Dear   all,\nhow are you?"},
		{"- one\n- two\n", "0|- one\n- two"},
		{"a\r\nb\r\n", "0|a\nb"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shape = shape_of(cases[i].text);

		assert_string_equal(shape, cases[i].shape);
	}
}

static void
links_are_found_without_the_sentence_around_them(void **state)
{
	static const struct {
		const char *text, *shown, *url;
	} cases[] = {
		{"See https://example.com/a.", "https://example.com/a", "https://example.com/a"},
		{"(http://example.com/a_(b))", "http://example.com/a_(b)",
		 "http://example.com/a_(b)"},
		{"<https://example.com/?a=1&b=2>", "https://example.com/?a=1&b=2",
		 "https://example.com/?a=1&b=2"},
		{"at www.example.com, today", "www.example.com", "https://www.example.com"},
		{"HTTPS://EXAMPLE.COM/!", "HTTPS://EXAMPLE.COM/", "HTTPS://EXAMPLE.COM/"},
		{"\xc2\xabhttps://b\xc3\xbc"
		 "cher.example/\xc3\xa4\xc2\xbb",
		 "https://b\xc3\xbc"
		 "cher.example/\xc3\xa4",
		 "https://b\xc3\xbc"
		 "cher.example/\xc3\xa4"},
		{"*https://example.com*", "https://example.com", "https://example.com"},
		{"https://a.example\xe2\x80\xaeo.b", "https://a.example", "https://a.example"},
		{"[https://[::1]/]", NULL, NULL},
		{"https://bank.example@evil.example/", NULL, NULL},
		{"xhttps://example.com", NULL, NULL},
		{"http:// and www. alone", NULL, NULL},
		{"javascript:alert(1) data:text/html,x anna@example.com", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *begin, *end;
		char *url;
		bool found = prose_link(cases[i].text, &begin, &end, &url);
		g_autofree char *shown = NULL;

		assert_int_equal(found, cases[i].shown != NULL);
		if (!found)
			continue;
		shown = g_strndup(begin, (gsize)(end - begin));
		assert_string_equal(shown, cases[i].shown);
		assert_string_equal(url, cases[i].url);
		g_free(url);
	}
}

/* Only blanks and quote marks may go. */
static char *
letters_of(const char *text)
{
	GString *letters = g_string_new(NULL);

	for (; *text != '\0'; text++)
		if (strchr(" \t\r\n>", *text) == NULL)
			g_string_append_c(letters, *text);
	return g_string_free(letters, FALSE);
}

static void
no_word_is_lost_however_strange_the_text(void **state)
{
	static const char *const pieces[] = {
		"word", " ",	 "   ",		 "\n",		 "\n\n",
		"> ",	">>",	 "\t",		 "\r\n",	 "|",
		"---",	"12.50", "\xe2\x94\x80", "\xe6\x97\xa5", "https://x.example/",
		"."};

	(void)state;
	g_random_set_seed(20261127);
	for (guint turn = 0; turn < 20000; turn++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GString) joined = g_string_new(NULL);
		g_autoptr(GPtrArray) blocks = NULL;
		g_autofree char *before = NULL, *after = NULL;

		for (int count = g_random_int_range(0, 60); count > 0; count--)
			g_string_append(text, pieces[g_random_int_range(0, G_N_ELEMENTS(pieces))]);
		blocks = prose_blocks(text->str);
		for (guint i = 0; i < blocks->len; i++)
			g_string_append(joined,
					((struct prose_block *)g_ptr_array_index(blocks, i))->text);
		before = letters_of(text->str);
		after = letters_of(joined->str);
		assert_string_equal(before, after);
	}
}

/* A million lines, all of them blocks of their own, cost no more than the largest mail may. */
static void
text_made_to_be_expensive_is_not(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) blocks = NULL;
	clock_t begun = clock();

	(void)state;
	while (text->len < 1024 * 1024)
		g_string_append(text, "> a   b\nc\n");
	blocks = prose_blocks(text->str);
	assert_true(blocks->len <= PROSE_BLOCKS_MAX);
	assert_in_range(clock() - begun, 0, 20 * CLOCKS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_the_shape_that_people_see),
		cmocka_unit_test(links_are_found_without_the_sentence_around_them),
		cmocka_unit_test(no_word_is_lost_however_strange_the_text),
		cmocka_unit_test(text_made_to_be_expensive_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
