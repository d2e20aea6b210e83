/* Finds the text of untrusted PDF documents: postseal-reader(8). */
#include <stdlib.h>

#include "core/reader/serve.h"
#include "mail/document/pdf_text.h"

static const struct reader_format formats[] = {
	{"pdf", pdf_text_read},
	{NULL, NULL},
};

static const struct reader_limits limits = {
	.document_max = READER_OFFICE_MAX,
	.allocated_max = READER_OFFICE_MAX + 1024 * 1024,
	.memory_max = 512 * 1024 * 1024,
	.work_microseconds = 2000000,
	.byte_nanoseconds = 1000,
	.tries_files = true,
};

int
main(void)
{
	return pdf_text_start() ? reader_serve(formats, &limits) : EXIT_FAILURE;
}
