/* The names of attachments, as they are shown and saved. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mail/layout_names.h"
#include "mail/mime_stream.h"

static const struct {
	const char *name, *type, *shown;
} cases[] = {
	{"plan.dwg", "application/octet-stream", "plan.dwg"},
	{"C:\\plans\\plan.dwg", "application/octet-stream", "plan.dwg"},
	{"a_b.dwg", "application/octet-stream", "a_b.dwg"},
	{NULL, "application/pdf", "attachment-1.pdf"},
	/* Words within a quoted name: alone, with blanks in them, next to each other, malformed. */
	{"=?utf-8?q?Gr=C3=BC=C3=9Fe.dwg?=", "application/octet-stream", "Grüße.dwg"},
	{"=?utf-8?Q?Gr=C3=BC=C3=9Fe 2.dwg?=", "application/octet-stream", "Grüße 2.dwg"},
	{"=?utf-8?q?a?==?utf-8?q?.dwg?=", "application/octet-stream", "a.dwg"},
	{"=?utf-8?b?YS4?= =?utf-8?b?ZHdn?=", "application/octet-stream", "a.dwg"},
	{"=?utf-8?q?..=2F..=2Fa.dwg?=", "application/octet-stream", "a.dwg"},
};

static void
name_is_shown_as_it_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = layout_name(cases[i].name, cases[i].type, 0);

		assert_string_equal(shown, cases[i].shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_shown_as_it_was_meant),
	};

	mime_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
