/* Makes small pictures of untrusted documents and pictures: postseal-reader(8). */
#include <stdlib.h>

#include "core/reader/serve.h"
#include "mail/document/pdf_preview.h"
#include "mail/document/picture_preview.h"
#include "mail/preview.h"

static const struct reader_format formats[] = {
	{PREVIEW_OF_PDF, pdf_preview_read},
	{PREVIEW_OF_PICTURE, picture_preview_read},
	{NULL, NULL},
};

static const struct reader_limits limits = {
	.document_max = READER_PREVIEW_MAX,
	.allocated_max = READER_PREVIEW_MAX + 1024 * 1024,
	.memory_max = 512 * 1024 * 1024,
	.work_microseconds = 2000000,
	.byte_nanoseconds = 100,
	.tries_files = true,
};

int
main(void)
{
	return pdf_preview_start() ? reader_serve(formats, &limits) : EXIT_FAILURE;
}
