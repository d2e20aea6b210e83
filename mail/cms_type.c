#include "mail/cms_type.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mail/ber_end.h"

enum {
	HEAD_BYTES = 64,
	PIECE_BYTES = 16384,
	SEQUENCE = 0x30,
	OBJECT_IDENTIFIER = 0x06,
	INDEFINITE = 0x80
};

struct head {
	unsigned char bytes[HEAD_BYTES];
	size_t length;
	bool is_whole; /* the structure ends where the stream ends */
};

static void
read_head(struct head *head, GMimeStream *der)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	struct ber_end end = {0};
	ssize_t got;

	*head = (struct head){0};
	while ((got = g_mime_stream_read(der, piece, PIECE_BYTES)) > 0) {
		size_t part = MIN((size_t)got, HEAD_BYTES - head->length);

		memcpy(head->bytes + head->length, piece, part);
		head->length += part;
		ber_end_step(&end, piece, (size_t)got);
	}
	head->is_whole = ber_end_is_here(&end);
}

/* Reads the length that follows the identifier octet at *at, and moves *at past it (X.690 §8.1.3).
 * UINT64_MAX: indefinite. */
static bool
read_length(const struct head *head, size_t *at, uint64_t *length_r)
{
	unsigned octets;

	if (*at >= head->length)
		return false;
	*length_r = head->bytes[(*at)++];
	if (*length_r < INDEFINITE)
		return true;
	octets = (unsigned)*length_r & 0x7f;
	*length_r = octets == 0 ? UINT64_MAX : 0;
	if (octets > 7 || *at + octets > head->length)
		return false;
	while (octets-- > 0)
		*length_r = *length_r << 8 | head->bytes[(*at)++];
	return true;
}

static enum cms_type
type_named(const unsigned char *oid, size_t length)
{
	static const struct {
		const char *oid;
		size_t length;
		enum cms_type type;
	} types[] = {
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9, CMS_SIGNED}, /* 1.2.840.113549.1.7.2 */
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", 9,
		 CMS_ENCRYPTED}, /* 1.2.840.113549.1.7.3 */
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", 11,
		 CMS_ENCRYPTED}, /* …1.9.16.1.23 */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (length == types[i].length && memcmp(oid, types[i].oid, length) == 0)
			return types[i].type;
	return CMS_OTHER;
}

enum cms_type
cms_type_of(GMimeStream *der)
{
	struct head head;
	uint64_t length, oid_length;
	size_t at = 1;

	read_head(&head, der);
	if (head.length == 0 || head.bytes[0] != SEQUENCE || !read_length(&head, &at, &length))
		return CMS_NONE;
	if (!head.is_whole)
		return CMS_NONE;
	if (at >= head.length || head.bytes[at++] != OBJECT_IDENTIFIER ||
	    !read_length(&head, &at, &oid_length) || oid_length > head.length - at)
		return CMS_NONE;
	return type_named(head.bytes + at, (size_t)oid_length);
}
