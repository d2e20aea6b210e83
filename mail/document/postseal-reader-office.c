/* Finds the text of untrusted archives and office documents, and reads calendars:
 * postseal-reader(8). */
#include "core/reader/serve.h"
#include "mail/document/calendar.h"
#include "mail/document/package.h"
#include "mail/document/rtf_text.h"
#include "mail/document/tnef.h"
#include "mail/document/tnef_list.h"

/* Somebody waits for a page with a calendar. */
enum { CALENDAR_MICROSECONDS = 100000 };

static const struct reader_format formats[] = {
	{"zip", package_read},
	{"rtf", rtf_text_read},
	{"tnef", tnef_read},
	{"tnef list", tnef_list_read},
	{"tnef body", tnef_list_read_body},
	{"calendar", calendar_read, .work_microseconds = CALENDAR_MICROSECONDS},
	{NULL, NULL},
};

static const struct reader_limits limits = {
	.document_max = READER_OFFICE_MAX,
	.allocated_max = READER_OFFICE_MAX + 32 * 1024 * 1024,
	.memory_max = 256 * 1024 * 1024,
	.work_microseconds = 2000000,
	.byte_nanoseconds = 500,
};

int
main(void)
{
	tnef_start();
	calendar_start();
	return reader_serve(formats, &limits);
}
