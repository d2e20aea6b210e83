/* What is sealed: the entity as it is, and with the header inside. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/entity.h"
#include "mail/mime_stream.h"
#include "message_of.h"
#include "tests/unit/spooled.h"

static const char *const no_tags[] = {NULL};

/* Everything that entity_write() writes; caller frees. */
static char *
written_with(const struct message *message, const GPtrArray *added, bool hides_subject)
{
	g_autoptr(spool_auto) spool =
		spool_new(&(struct spool_settings){.directory = "/tmp", .memory_max = 1 << 26});
	struct entity entity;
	struct fault fault;

	entity_init(&entity, message, no_tags, added, hides_subject);
	assert_true(entity_write(&entity, spool_sink(spool), &fault));
	entity_clear(&entity);
	return spooled_text(spool);
}

static char *
written(const struct message *message, bool hides_subject)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();

	return written_with(message, none, hides_subject);
}

static void
entity_has_the_content_fields_as_they_stand(void **state)
{
	g_autoptr(message_auto) message = message_of(
		"From: a@example.com\nContent-Type: text/plain;\n\tcharset=utf-8\nSubject: x\n\nHi.\n");
	g_autofree char *text = written(message, false);

	(void)state;
	assert_string_equal(text, "Content-Type: text/plain;\r\n\tcharset=utf-8\r\n\r\nHi.\r\n");
}

static void
reading_gives_what_writing_gives(void **state)
{
	g_autoptr(message_auto) message =
		message_of("Subject: x\nContent-Type: text/plain\n\nHi.\nHo.\n");
	g_autofree char *text = written(message, true);
	g_autoptr(GString) read = g_string_new(NULL);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	struct entity entity;
	struct fault fault;
	char piece[7];
	size_t got;

	(void)state;
	entity_init(&entity, message, no_tags, none, true);
	do {
		assert_true(entity_read(&entity, piece, sizeof piece, &got, &fault));
		g_string_append_len(read, piece, (gssize)got);
	} while (got > 0);
	entity_clear(&entity);
	assert_string_equal(read->str, text);
}

/* The inner Content-Type of a message that has this one; caller frees. */
static char *
type_within(const char *fields)
{
	g_autofree char *text = g_strconcat("Subject: x\n", fields, "\n\xff\n", NULL);
	g_autoptr(message_auto) message = message_of(text);
	g_autofree char *whole = written(message, true);
	const char *at = strstr(whole, "\r\nContent-Type:") + 2;
	const char *end = at;

	do
		end = strstr(end + 1, "\r\n");
	while (end[2] == ' ' || end[2] == '\t');
	return g_strndup(at, (gsize)(end - at));
}

#define PROTECTED ";\r\n protected-headers=\"v1\";\r\n hp=\"cipher\""

/* Thunderbird and K-9 show no subject without protected-headers; a second hp was added, and
 * malformed fields produced more malformed ones. */
static void
content_type_within_is_well_formed(void **state)
{
	static const char *const types[][2] = {
		{"Content-Type: image/png; name=\"a;b.png\"\n",
		 "Content-Type: image/png; name=\"a;b.png\"" PROTECTED},
		{"Content-Type: image/png;\n\tname=x\n",
		 "Content-Type: image/png;\r\n\tname=x" PROTECTED},
		{"Content-Type: image/png; name=x;\n", "Content-Type: image/png; name=x" PROTECTED},
		{"Content-Type: image/png ; ; name=x ;; \n",
		 "Content-Type: image/png; name=x" PROTECTED},
		{"Content-Type: image/png; HP=\"clear\"; name=x; protected-headers=\"v1\"\n",
		 "Content-Type: image/png; name=x" PROTECTED},
		{"Content-Type: image/png (a; \"b) ; name=x\n",
		 "Content-Type: image/png (a; \"b); name=x" PROTECTED},
		{"Content-Type: image/png; name=\"x\n",
		 "Content-Type: image/png; name=\"x\"" PROTECTED},
		{"Content-Type:\n", "Content-Type: text/plain" PROTECTED},
		{"Content-Type: text\n", "Content-Type: text/plain" PROTECTED},
		{"Content-Type: text; charset=utf-8\n",
		 "Content-Type: text/plain; charset=utf-8" PROTECTED},
		{"Content-Type: ; charset=utf-8\n",
		 "Content-Type: text/plain; charset=utf-8" PROTECTED},
		{"", "Content-Type: text/plain" PROTECTED},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *type = type_within(types[i][0]);
		char *element = strstr(type, ";\r\n hp-legacy-display=\"1\"");

		if (element != NULL)
			*element = '\0';
		assert_string_equal(type, types[i][1]);
	}
}

/* What Outlook, Apple Mail, Notes and others write in addition to Subject. */
static void
what_tells_the_subject_again_is_hidden_with_it(void **state)
{
	static const char *const told[] = {
		"Thread-Topic: Takeover of Acme",
		"Thread-Index: AdXyz==",
		"Comments: none",
		"Keywords: acme",
		"X-Notes-Item: takeover  of ACME; type=text; name=$Topic",
		"X-Original-Subject: x",
		"X-Whatever: AW: Takeover of\n Acme",
		"X-Coded: =?utf-8?q?Takeover_of_Acme?=",
		"Resent-Subject: x",
		"X-Second: The other one!"};
	static const char *const others[] = {"From: \"Takeover of Acme\" <a@example.com>",
					     "X-Mailer: Apple Mail",
					     "In-Reply-To: <takeover@example.com>",
					     "List-Id: <acme.example.com>",
					     "Importance: high",
					     "X-Priority: 1"};
	g_autoptr(GString) text =
		g_string_new("Subject: Re: Takeover of Acme\nSubject: Fwd: The other one\n");
	g_autoptr(message_auto) message = NULL;
	g_autofree char *whole = NULL;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
		g_string_append_printf(text, "%s\n", told[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_string_append_printf(text, "%s\n", others[i]);
	g_string_append(text, "Content-Type: image/png\n\nx\n");
	message = message_of(text->str);
	whole = written(message, true);
	for (size_t i = 0; i < G_N_ELEMENTS(told); i++) {
		g_autofree char *name = g_strndup(told[i], strcspn(told[i], ":"));
		g_autofree char *inner = g_strdup_printf("\r\n%s: ", name);
		g_autofree char *outer = g_strdup_printf("\r\nHP-Outer: %s:", name);

		assert_non_null(strstr(whole, inner));
		assert_null(strstr(whole, outer));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *outer = g_strdup_printf("\r\nHP-Outer: %s\r\n", others[i]);

		assert_non_null(strstr(whole, outer));
	}
	assert_non_null(strstr(whole, "\r\nHP-Outer: Subject: [...]\r\n"));
	assert_null(strstr(strstr(whole, "HP-Outer: Subject") + 1, "HP-Outer: Subject"));
}

/* It travelled inside, said to be outside as well, and readers believed it more than the rule. */
static void
field_that_a_rule_adds_was_forged_within(void **state)
{
	g_autoptr(message_auto) message =
		message_of("Subject: x\nX-Class: forged\nx-class: forged, too\nX-Other: mine\n"
			   "Content-Type: image/png\n\nx\n");
	g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	g_autofree char *whole = NULL, *open = NULL;

	(void)state;
	g_ptr_array_add(added, field_new("X-Class", " internal"));
	whole = written_with(message, added, true);
	open = written_with(message, added, false);
	assert_null(strstr(whole, "forged"));
	assert_non_null(strstr(whole, "\r\nX-Class: internal\r\nHP-Outer: X-Class: internal\r\n"));
	assert_non_null(strstr(whole, "\r\nX-Other: mine\r\nHP-Outer: X-Other: mine\r\n"));
	assert_string_equal(open, "Content-Type: image/png\r\n\r\nx\r\n");
}

#define ELEMENT "<div class=\"header-protection-legacy-display\"><pre>Subject: x</pre></div>"

/* The element was inserted into comments, attributes and titles, and before the DOCTYPE. */
static void
element_stands_where_the_body_begins(void **state)
{
	static const char *const pages[][2] = {
		{"<html><!-- <body> --><body class=\"a>b\">", "Hi."},
		{"<!DOCTYPE html><html><head><title><body></title><script>'<body>'</script></head>",
		 "<p>Hi."},
		{"<!DOCTYPE html>\n<meta charset=utf-8>\n", "Hi."},
		{"", "<b>Hi."},
		{"<style>a</style>", "&lt;Hi."},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autofree char *text = g_strconcat("Subject: x\nContent-Type: text/html\n\n",
						    pages[i][0], pages[i][1], "\n", NULL);
		g_autoptr(message_auto) message = message_of(text);
		g_autofree char *whole = written(message, true);
		const char *element = strstr(whole, ELEMENT);

		assert_non_null(element);
		element += strlen(ELEMENT);
		element += strspn(element, "\r\n");
		assert_int_equal(strncmp(element, pages[i][1], strlen(pages[i][1])), 0);
	}
}

/* The same in quoted-printable, with the tag split in two. */
static void
element_stands_where_the_encoded_body_begins(void **state)
{
	g_autoptr(message_auto) message = message_of(
		"Subject: x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
		"<!-- <body> --><bo=\ndy class=3D\"a>b\">H=\ni.\n");
	g_autofree char *whole = written(message, true);

	(void)state;
	assert_non_null(strstr(
		whole,
		"<bo=\r\ndy class=3D\"a>b\">=\r\n<div class=3D\"header-protection-legacy-display\">"));
	assert_non_null(strstr(whole, "=\r\nH=\r\ni.\r\n"));
}

/* ASCII in front of UTF-16 made the text unreadable. */
static void
text_that_ascii_cannot_stand_in_is_left_alone(void **state)
{
	static const char *const types[] = {"text/plain; charset=utf-16le",
					    "text/html; charset=utf-16",
					    "text/html; charset=utf-32be"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *text =
			g_strconcat("Subject: x\nContent-Type: ", types[i], "\n\nH\r\n", NULL);
		g_autoptr(message_auto) message = message_of(text);
		g_autofree char *whole = written(message, true);

		assert_non_null(strstr(whole, "hp=\"cipher\"\r\n\r\nH\r\n"));
		assert_null(strstr(whole, "hp-legacy-display"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entity_has_the_content_fields_as_they_stand),
		cmocka_unit_test(reading_gives_what_writing_gives),
		cmocka_unit_test(content_type_within_is_well_formed),
		cmocka_unit_test(what_tells_the_subject_again_is_hidden_with_it),
		cmocka_unit_test(field_that_a_rule_adds_was_forged_within),
		cmocka_unit_test(element_stands_where_the_body_begins),
		cmocka_unit_test(element_stands_where_the_encoded_body_begins),
		cmocka_unit_test(text_that_ascii_cannot_stand_in_is_left_alone),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
