#include "mail/ber_reader.h"

enum {
	CONSTRUCTED = 0x20,
	INDEFINITE = 0x80,
	LENGTH_OCTETS_MAX = 4,
	LONG_TAG = 0x1f,
	DEPTH_MAX = 16
};

int
ber_peek(struct ber_reader *reader)
{
	ssize_t got;

	if (reader->at == reader->length) {
		got = g_mime_stream_read(reader->stream, (char *)reader->piece, BER_PIECE_BYTES);
		reader->at = 0;
		reader->length = got > 0 ? (size_t)got : 0;
	}
	return reader->at == reader->length ? -1 : reader->piece[reader->at];
}

int
ber_next(struct ber_reader *reader)
{
	int octet = ber_peek(reader);
	guint8 byte = (guint8)octet;

	if (octet >= 0 && reader->held != NULL)
		g_byte_array_append(reader->held, &byte, 1);
	reader->at += octet >= 0;
	reader->offset += octet >= 0;
	return octet;
}

bool
ber_skip(struct ber_reader *reader, uint64_t count)
{
	while (count > 0 && ber_peek(reader) >= 0) {
		size_t part = (size_t)MIN(count, reader->length - reader->at);

		if (reader->held != NULL)
			g_byte_array_append(reader->held, reader->piece + reader->at, (guint)part);
		reader->at += part;
		reader->offset += part;
		count -= part;
	}
	return count == 0;
}

bool
ber_write(struct ber_reader *reader, const struct ber_element *element, struct sink *sink,
	  struct fault *fault)
{
	while (reader->offset < element->end && ber_peek(reader) >= 0) {
		size_t part =
			(size_t)MIN(element->end - reader->offset, reader->length - reader->at);

		if (!sink_write(sink, reader->piece + reader->at, part, fault))
			return false;
		reader->at += part;
		reader->offset += part;
	}
	return reader->offset == element->end;
}

/* Behind the identifier octet. */
static bool
open_length(struct ber_reader *reader, bool is_constructed, struct ber_element *element_r)
{
	int octet = ber_next(reader);
	uint64_t length = 0;

	element_r->end = 0;
	if (octet < 0 || octet > INDEFINITE + LENGTH_OCTETS_MAX)
		return false;
	if (octet == INDEFINITE)
		return is_constructed;
	if (octet < INDEFINITE)
		length = (uint64_t)octet;
	for (int left = octet - INDEFINITE; left > 0; left--) {
		octet = ber_next(reader);
		length = length << 8 | (uint64_t)octet;
		if (octet < 0)
			return false;
	}
	element_r->end = reader->offset + length;
	return true;
}

bool
ber_open(struct ber_reader *reader, enum ber_tag tag, struct ber_element *element_r)
{
	return ber_next(reader) == (int)tag &&
	       open_length(reader, (tag & CONSTRUCTED) != 0, element_r);
}

bool
ber_has_more(struct ber_reader *reader, const struct ber_element *element)
{
	return element->end == 0 ? ber_peek(reader) > 0 : reader->offset < element->end;
}

bool
ber_close(struct ber_reader *reader, const struct ber_element *element)
{
	return element->end == 0 ? ber_next(reader) == 0 && ber_next(reader) == 0
				 : reader->offset == element->end;
}

bool
ber_pass(struct ber_reader *reader, enum ber_tag tag, uint64_t most)
{
	struct ber_element element;

	return ber_open(reader, tag, &element) && element.end != 0 &&
	       element.end - reader->offset <= most &&
	       ber_skip(reader, element.end - reader->offset);
}

static bool
pass_any(struct ber_reader *reader, uint64_t before, unsigned depth)
{
	struct ber_element element;
	int identifier = ber_next(reader);

	if (identifier <= 0 || (identifier & LONG_TAG) == LONG_TAG || depth > DEPTH_MAX ||
	    !open_length(reader, (identifier & CONSTRUCTED) != 0, &element))
		return false;
	if (element.end != 0)
		return element.end <= before && ber_skip(reader, element.end - reader->offset);
	while (ber_has_more(reader, &element))
		if (!pass_any(reader, before, depth + 1))
			return false;
	return ber_close(reader, &element) && reader->offset <= before;
}

bool
ber_pass_any(struct ber_reader *reader, uint64_t before)
{
	return pass_any(reader, before, 0);
}
