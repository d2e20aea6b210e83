/* Makes small pictures of untrusted documents and pictures: postseal-reader(8). */
#include <stdlib.h>
#include <unistd.h>

#include "core/reader/serve.h"
#include "mail/document/pdf_preview.h"
#include "mail/document/picture_preview.h"
#include "mail/preview.h"

enum {
	LAST = 10,
	/* The work for a picture is bounded by its pixels, which a large scan has many of. */
	PICTURE_MICROSECONDS = 2000000,
};

static const struct reader_format formats[] = {
	{PREVIEW_OF_PDF, pdf_preview_read},
	{PREVIEW_OF_PICTURE, picture_preview_read, .work_microseconds = PICTURE_MICROSECONDS},
	{NULL, NULL},
};

static const struct reader_limits limits = {
	.document_max = READER_PREVIEW_MAX,
	.allocated_max = READER_PREVIEW_MAX + 1024 * 1024,
	.memory_max = 512 * 1024 * 1024,
	.work_microseconds = 500000,
	.byte_nanoseconds = 100,
	.tries_files = true,
};

int
main(void)
{
	(void)!nice(LAST); /* pages go first */
	return pdf_preview_start() ? reader_serve(formats, &limits) : EXIT_FAILURE;
}
