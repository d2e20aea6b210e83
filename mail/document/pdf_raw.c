#include "mail/document/pdf_raw.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/reader/serve.h"

enum {
	BOXES_MAX = 1024,		   /* different ones */
	HEAD_MAX = 512,			   /* from the type of a stream to its bytes */
	PACKED_MAX = 4 * 1024 * 1024,	   /* what a stream of objects may turn into */
	ALL_PACKED_MAX = 32 * 1024 * 1024, /* and all of them together */
};

static const char media_key[] = "/MediaBox", crop_key[] = "/CropBox", xfa_key[] = "/XFA",
		  script_key[] = "/JavaScript";

struct box {
	double sides[4]; /* left, bottom, right, top */
};

struct boxes {
	struct box all[BOXES_MAX];
	unsigned count;
	bool has_others; /* more, or such as are written in another way */
};

struct look {
	struct boxes media, crops, packed_crops;
	bool has_xfa, has_scripts;
	bool is_cut; /* streams of objects were not looked at to their ends */
};

/* --- boxes --- */

static double
smaller(double a, double b)
{
	return a < b ? a : b;
}

static double
larger(double a, double b)
{
	return a < b ? b : a;
}

/* An array; not a reference to one. The text ends with a NUL. */
static bool
read_box(const char *at, struct box *box_r)
{
	double numbers[4];
	char *end;

	at += strspn(at, " \t\r\n");
	if (*at++ != '[')
		return false;
	for (size_t i = 0; i < 4; i++, at = end) {
		numbers[i] = strtod(at, &end);
		if (end == at)
			return false;
	}
	*box_r = (struct box){{smaller(numbers[0], numbers[2]), smaller(numbers[1], numbers[3]),
			       larger(numbers[0], numbers[2]), larger(numbers[1], numbers[3])}};
	return true;
}

static bool
is_within(const struct box *box, const struct box *around)
{
	return box->sides[0] > around->sides[0] - 1 && box->sides[1] > around->sides[1] - 1 &&
	       box->sides[2] < around->sides[2] + 1 && box->sides[3] < around->sides[3] + 1;
}

static void
add_box(struct boxes *boxes, const char *at)
{
	struct box box;

	if (!read_box(at, &box)) {
		boxes->has_others = true;
		return;
	}
	for (unsigned i = 0; i < boxes->count; i++)
		if (is_within(&box, &boxes->all[i]) && is_within(&boxes->all[i], &box))
			return;
	if (boxes->count < BOXES_MAX)
		boxes->all[boxes->count++] = box;
	else
		boxes->has_others = true;
}

/* Which page has which box is not known: one that shows all of some page crops none. */
static bool
has_cropping(const struct boxes *crops, const struct boxes *media)
{
	for (unsigned i = 0; i < crops->count; i++) {
		bool shows_all = media->count == 0;

		for (unsigned k = 0; k < media->count && !shows_all; k++)
			shows_all = is_within(&media->all[k], &crops->all[i]);
		if (!shows_all)
			return true;
	}
	return crops->has_others || (crops->count > 0 && media->has_others);
}

/* --- objects --- */

static void
add_boxes(struct boxes *boxes, const char *bytes, size_t length, const char *key)
{
	const char *end = bytes + length, *at = bytes;

	while ((at = memmem(at, (size_t)(end - at), key, strlen(key))) != NULL) {
		at += strlen(key);
		add_box(boxes, at);
	}
}

static bool
has_key(const char *bytes, size_t length, const char *key)
{
	return memmem(bytes, length, key, strlen(key)) != NULL;
}

static void
look_at_objects(struct look *look, const char *bytes, size_t length, struct boxes *crops)
{
	add_boxes(&look->media, bytes, length, media_key);
	add_boxes(crops, bytes, length, crop_key);
	look->has_xfa |= has_key(bytes, length, xfa_key);
	look->has_scripts |= has_key(bytes, length, script_key);
}

/* Returns how many bytes there were; what cannot be unpacked ends where that shows. */
static size_t
unpack(const char *packed, size_t length, char *to, size_t most)
{
	z_stream stream = {.next_in = (Bytef *)packed,
			   .avail_in = (uInt)length,
			   .next_out = (Bytef *)to,
			   .avail_out = (uInt)most};

	if (inflateInit(&stream) != Z_OK)
		return 0;
	inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return most - stream.avail_out;
}

static void
look_into_streams(struct look *look, const char *document, size_t length)
{
	char *objects = reader_allocate(PACKED_MAX + 1);
	const char *end = document + length, *at = document, *data;
	size_t left = ALL_PACKED_MAX;

	while ((at = memmem(at, (size_t)(end - at), "/ObjStm", 7)) != NULL) {
		size_t head = (size_t)(end - at), got;

		data = memmem(at, head < HEAD_MAX ? head : HEAD_MAX, "stream", 6);
		at += 7;
		if (data == NULL)
			continue;
		data += 6;
		data += strspn(data, "\r\n");
		if (left == 0) {
			look->is_cut = true;
			break;
		}
		got = unpack(data, (size_t)(end - data), objects,
			     left < PACKED_MAX ? left : PACKED_MAX);
		objects[got] = '\0';
		look->is_cut |= got == (left < PACKED_MAX ? left : PACKED_MAX);
		look_at_objects(look, objects, got, &look->packed_crops);
		left -= got;
	}
	reader_release(objects);
}

void
pdf_raw_look(const char *document, size_t length, struct pdf_raw *raw_r)
{
	struct look *look = reader_allocate(sizeof *look);

	memset(look, 0, sizeof *look);
	look_at_objects(look, document, length, &look->crops);
	look_into_streams(look, document, length);
	*raw_r = (struct pdf_raw){look->has_xfa, look->has_scripts,
				  has_cropping(&look->crops, &look->media),
				  has_cropping(&look->packed_crops, &look->media), look->is_cut};
	reader_release(look);
}

/* No program knows a key that is written in this way. */
void
pdf_raw_uncrop(char *document, size_t length)
{
	char *end = document + length, *at = document;

	while ((at = memmem(at, (size_t)(end - at), crop_key, strlen(crop_key))) != NULL) {
		at += strlen(crop_key);
		at[-1] = '_';
	}
}
