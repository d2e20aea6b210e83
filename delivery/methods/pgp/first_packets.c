#include "delivery/methods/pgp/first_packets.h"

enum { PIECE_BYTES = 4096, TAG_PKESK = 1, TAG_SKESK = 3, TAG_MARKER = 10, TAG_UNREADABLE = 64 };

/* The length of the packet header that begins like this, and of the body once the header is
 * complete. Partial and indeterminate lengths (RFC 9580 §4.2.1.4) do not occur before the data. */
static size_t
header_size(const unsigned char *header, size_t length, guint64 *body_r)
{
	static const size_t old_sizes[] = {2, 3, 5, 0};
	bool is_new = (header[0] & 0x40) != 0;
	size_t size, at = 1;

	if (!is_new)
		size = old_sizes[header[0] & 3];
	else if (length < 2)
		return 2;
	else
		size = header[1] < 192 ? 2 : header[1] < 224 ? 3 : header[1] == 255 ? 6 : 0;
	if (size == 0 || length < size)
		return size;
	*body_r = 0;
	if (is_new && size == 3) {
		*body_r = ((guint64)(header[1] - 192) << 8) + header[2] + 192;
		return size;
	}
	for (at += is_new && size == 6; at < size; at++)
		*body_r = *body_r << 8 | header[at];
	return size;
}

static unsigned
tag_of(unsigned char head)
{
	if ((head & 0x80) == 0)
		return TAG_UNREADABLE;
	return (head & 0x40) != 0 ? head & 0x3f : (head >> 2) & 0x0f;
}

static void
take_byte(struct first_packets *first, unsigned char byte)
{
	unsigned tag;
	size_t size;

	if (first->skip > 0) {
		first->skip--;
		return;
	}
	first->header[first->header_length++] = byte;
	tag = tag_of(first->header[0]);
	if (tag != TAG_PKESK && tag != TAG_SKESK && tag != TAG_MARKER) {
		first->tag = tag;
		return;
	}
	size = header_size(first->header, first->header_length, &first->skip);
	if (size == 0)
		first->tag = TAG_UNREADABLE;
	else if (size == first->header_length)
		first->header_length = 0;
}

static void
take_base64(struct first_packets *first, const char *text, size_t length)
{
	guchar bytes[PIECE_BYTES];

	for (size_t at = 0; at < length && first->tag == 0; at += PIECE_BYTES) {
		gsize got = g_base64_decode_step(text + at, MIN(length - at, (size_t)PIECE_BYTES),
						 bytes, &first->state, &first->save);

		for (gsize i = 0; i < got && first->tag == 0; i++)
			take_byte(first, bytes[i]);
	}
}

void
first_packets_take(struct first_packets *first, const char *armour, size_t length)
{
	size_t at = 0;

	if (first->tag != 0)
		return;
	while (!first->in_packets && at < length) {
		char c = armour[at++];

		first->line_feeds = c == '\n'	? first->line_feeds + 1
				    : c == '\r' ? first->line_feeds
						: 0;
		first->in_packets = first->line_feeds == 2;
	}
	take_base64(first, armour + at, length - at);
}
