#include "mail/document/picture_preview.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "core/reader/serve.h"
#include "mail/document/preview_out.h"

enum {
	PIXELS_MAX = 64 * 1000 * 1000, /* before it is scaled */
	EXIF_BYTES_MAX = 65535,
	EXIF_FIELDS_MAX = 200,
	ORIENTATION = 0x0112, /* Exif 4.6.4 A */
	UPRIGHT = 1,
	EIGHTHS = 8, /* in which the JPEG library scales */
};

/* --- painting --- */

/* How the picture is turned and mirrored so that it is upright, for each orientation: columns of a
 * matrix, around the middle. */
static void
turn(cairo_t *paper, int orientation)
{
	static const double turns[9][4] = {{1, 0, 0, 1},   {1, 0, 0, 1},   {-1, 0, 0, 1},
					   {-1, 0, 0, -1}, {1, 0, 0, -1},  {0, 1, 1, 0},
					   {0, 1, -1, 0},  {0, -1, -1, 0}, {0, -1, 1, 0}};
	const double *columns = turns[orientation];
	cairo_matrix_t matrix;

	cairo_matrix_init(&matrix, columns[0], columns[1], columns[2], columns[3], 0, 0);
	cairo_transform(paper, &matrix);
}

static void
paint(cairo_surface_t *picture, int orientation, GString *answer)
{
	const double width = cairo_image_surface_get_width(picture),
		     height = cairo_image_surface_get_height(picture);
	const bool is_on_its_side = orientation > 4;
	const double shown_width = is_on_its_side ? height : width,
		     shown_height = is_on_its_side ? width : height;
	const double scale = preview_scale(width, height, 1);
	cairo_surface_t *surface = preview_paper(shown_width, shown_height, scale);
	cairo_t *paper = cairo_create(surface);

	cairo_scale(paper, scale, scale);
	cairo_translate(paper, shown_width / 2, shown_height / 2);
	turn(paper, orientation);
	cairo_set_source_surface(paper, picture, -width / 2, -height / 2);
	cairo_pattern_set_filter(cairo_get_source(paper), CAIRO_FILTER_GOOD);
	cairo_paint(paper);
	cairo_destroy(paper);
	preview_out(surface, answer);
	cairo_surface_destroy(surface);
}

/* --- PNG --- */

struct bytes {
	const unsigned char *at;
	size_t left;
};

static cairo_status_t
take_bytes(void *closure, unsigned char *data, unsigned length)
{
	struct bytes *bytes = closure;

	if (length > bytes->left)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(data, bytes->at, length);
	bytes->at += length;
	bytes->left -= length;
	return CAIRO_STATUS_SUCCESS;
}

static uint32_t
number_at(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
refuse_if_too_large(uint64_t width, uint64_t height)
{
	if (width == 0 || height == 0)
		reader_refuse(READER_DAMAGED);
	if (width > PIXELS_MAX || height > PIXELS_MAX || width * height > PIXELS_MAX)
		reader_refuse(READER_TOO_LARGE);
}

static void
read_png(const unsigned char *document, size_t length, GString *answer)
{
	enum { WIDTH_AT = 16, HEIGHT_AT = 20, HEAD_BYTES = 24 }; /* PNG 11.2.2 */
	struct bytes bytes = {document, length};
	cairo_surface_t *picture;

	if (length < HEAD_BYTES)
		reader_refuse(READER_DAMAGED);
	refuse_if_too_large(number_at(document + WIDTH_AT), number_at(document + HEIGHT_AT));
	picture = cairo_image_surface_create_from_png_stream(take_bytes, &bytes);
	if (cairo_surface_status(picture) == CAIRO_STATUS_NO_MEMORY)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	if (cairo_surface_status(picture) != CAIRO_STATUS_SUCCESS)
		reader_refuse(READER_DAMAGED);
	paint(picture, UPRIGHT, answer);
	cairo_surface_destroy(picture);
}

/* --- Exif: how the camera was held --- */

struct tiff {
	const unsigned char *bytes;
	size_t length;
	bool is_big_endian;
};

static unsigned
tiff_short(const struct tiff *tiff, size_t at)
{
	const unsigned char *bytes = tiff->bytes + at;

	if (tiff->length < 2 || at > tiff->length - 2)
		return 0;
	return tiff->is_big_endian ? (unsigned)(bytes[0] << 8 | bytes[1])
				   : (unsigned)(bytes[1] << 8 | bytes[0]);
}

static size_t
tiff_long(const struct tiff *tiff, size_t at)
{
	const size_t first = tiff_short(tiff, at), second = tiff_short(tiff, at + 2);

	return tiff->is_big_endian ? first << 16 | second : second << 16 | first;
}

/* Of the first directory (TIFF 6.0, section 2). */
static int
tiff_orientation(const struct tiff *tiff)
{
	enum { DIRECTORY_AT = 4, FIELD_BYTES = 12, VALUE_AT = 8 };
	const size_t directory = tiff_long(tiff, DIRECTORY_AT);
	const unsigned count = MIN(tiff_short(tiff, directory), EXIF_FIELDS_MAX);

	for (unsigned i = 0; i < count; i++) {
		const size_t field = directory + 2 + (size_t)i * FIELD_BYTES;
		const unsigned value = tiff_short(tiff, field + VALUE_AT);

		if (tiff_short(tiff, field) == ORIENTATION)
			return value >= 1 && value <= 8 ? (int)value : UPRIGHT;
	}
	return UPRIGHT;
}

static int
orientation_of(const struct jpeg_decompress_struct *decoder)
{
	static const char head[] = "Exif\0"; /* and a NUL that is not counted */

	for (jpeg_saved_marker_ptr marker = decoder->marker_list; marker != NULL;
	     marker = marker->next) {
		const struct tiff tiff = {.bytes = marker->data + sizeof head,
					  .length = marker->data_length - sizeof head,
					  .is_big_endian = marker->data_length > sizeof head &&
							   marker->data[sizeof head] == 'M'};

		if (marker->data_length > sizeof head &&
		    memcmp(marker->data, head, sizeof head) == 0)
			return tiff_orientation(&tiff);
	}
	return UPRIGHT;
}

/* --- JPEG --- */

static _Noreturn void
fail(j_common_ptr decoder)
{
	(void)decoder;
	reader_refuse(READER_DAMAGED);
}

static void
say_nothing(j_common_ptr decoder)
{
	(void)decoder;
}

/* The smallest size that is still at least as large as the preview. */
static void
choose_size(struct jpeg_decompress_struct *decoder)
{
	const unsigned edge = MAX(decoder->image_width, decoder->image_height);

	decoder->scale_denom = EIGHTHS;
	decoder->scale_num = 1;
	while (decoder->scale_num < EIGHTHS && edge * decoder->scale_num / EIGHTHS < PREVIEW_EDGE)
		decoder->scale_num++;
}

static cairo_surface_t *
decode(struct jpeg_decompress_struct *decoder)
{
	cairo_surface_t *picture;
	unsigned char *pixels;
	int stride;

	decoder->out_color_space = G_BYTE_ORDER == G_LITTLE_ENDIAN ? JCS_EXT_BGRX : JCS_EXT_XRGB;
	choose_size(decoder);
	jpeg_start_decompress(decoder);
	picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)decoder->output_width,
					     (int)decoder->output_height);
	if (cairo_surface_status(picture) != CAIRO_STATUS_SUCCESS)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	pixels = cairo_image_surface_get_data(picture);
	stride = cairo_image_surface_get_stride(picture);
	while (decoder->output_scanline < decoder->output_height) {
		JSAMPROW row = pixels + (size_t)stride * decoder->output_scanline;

		jpeg_read_scanlines(decoder, &row, 1);
	}
	cairo_surface_mark_dirty(picture);
	return picture;
}

static void
read_jpeg(const unsigned char *document, size_t length, GString *answer)
{
	struct jpeg_decompress_struct decoder;
	struct jpeg_error_mgr errors;
	cairo_surface_t *picture;
	int orientation;

	decoder.err = jpeg_std_error(&errors);
	errors.error_exit = fail;
	errors.output_message = say_nothing;
	jpeg_create_decompress(&decoder);
	jpeg_mem_src(&decoder, document, length);
	jpeg_save_markers(&decoder, JPEG_APP0 + 1, EXIF_BYTES_MAX);
	jpeg_read_header(&decoder, TRUE);
	refuse_if_too_large(decoder.image_width, decoder.image_height);
	orientation = orientation_of(&decoder);
	picture = decode(&decoder);
	paint(picture, orientation, answer);
	cairo_surface_destroy(picture);
	jpeg_destroy_decompress(&decoder);
}

void
picture_preview_read(const char *document, size_t length, GString *answer)
{
	static const char png[] = "\x89PNG\r\n\x1a\n", jpeg[] = "\xff\xd8\xff";
	const unsigned char *bytes = (const unsigned char *)document;

	if (length >= sizeof png - 1 && memcmp(document, png, sizeof png - 1) == 0)
		read_png(bytes, length, answer);
	else if (length >= sizeof jpeg - 1 && memcmp(document, jpeg, sizeof jpeg - 1) == 0)
		read_jpeg(bytes, length, answer);
	else if (length > 0)
		reader_refuse(READER_DAMAGED);
}
