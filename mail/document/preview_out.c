#include "mail/document/preview_out.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "core/reader/serve.h"

enum { QUALITY = 80 };

double
preview_scale(double width, double height, double most)
{
	return MIN(most, PREVIEW_EDGE / MAX(MAX(width, height), 1.0));
}

cairo_surface_t *
preview_paper(double width, double height, double scale)
{
	const int columns = (int)CLAMP(width * scale + .5, 1, PREVIEW_EDGE),
		  rows = (int)CLAMP(height * scale + .5, 1, PREVIEW_EDGE);
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows);
	cairo_t *paper = cairo_create(surface);

	cairo_set_source_rgb(paper, 1, 1, 1);
	cairo_paint(paper);
	cairo_destroy(paper);
	return surface;
}

static _Noreturn void
fail(j_common_ptr encoder)
{
	(void)encoder;
	reader_refuse(READER_TOO_MUCH_MEMORY);
}

static void
encode(struct jpeg_compress_struct *encoder, cairo_surface_t *surface)
{
	unsigned char *pixels = cairo_image_surface_get_data(surface);
	const int stride = cairo_image_surface_get_stride(surface);

	encoder->image_width = (JDIMENSION)cairo_image_surface_get_width(surface);
	encoder->image_height = (JDIMENSION)cairo_image_surface_get_height(surface);
	encoder->input_components = 4;
	encoder->in_color_space = G_BYTE_ORDER == G_LITTLE_ENDIAN ? JCS_EXT_BGRX : JCS_EXT_XRGB;
	jpeg_set_defaults(encoder);
	jpeg_set_quality(encoder, QUALITY, TRUE);
	jpeg_start_compress(encoder, TRUE);
	while (encoder->next_scanline < encoder->image_height) {
		JSAMPROW row = pixels + (size_t)stride * encoder->next_scanline;

		jpeg_write_scanlines(encoder, &row, 1);
	}
	jpeg_finish_compress(encoder);
}

void
preview_out(cairo_surface_t *surface, GString *answer)
{
	struct jpeg_compress_struct encoder;
	struct jpeg_error_mgr errors;
	unsigned char *bytes = NULL;
	unsigned long length = 0;

	cairo_surface_flush(surface);
	if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	encoder.err = jpeg_std_error(&errors);
	errors.error_exit = fail;
	jpeg_create_compress(&encoder);
	jpeg_mem_dest(&encoder, &bytes, &length);
	encode(&encoder, surface);
	jpeg_destroy_compress(&encoder);
	g_string_append_len(answer, (const char *)bytes, (gssize)length);
	free(bytes);
}
