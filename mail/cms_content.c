#include "mail/cms_content.h"

#include "mail/ber_reader.h"

enum { OID_MAX = 16, DIGESTS_MAX = 4096, PIECES_DEPTH_MAX = 4 };

struct taking {
	struct ber_reader ber;
	uint64_t most;
	struct sink *content;
	struct fault *fault;
	GByteArray *type, *digests, *content_type, *signers; /* as they are, with tag and length */
};

/* --- the content --- */

/* A string of octets in one piece, or in several. */
static bool
take_octets(struct taking *taking, unsigned depth)
{
	struct ber_reader *ber = &taking->ber;
	bool in_pieces = ber_peek(ber) == BER_OCTETS_PIECES;
	struct ber_element octets;

	if (!ber_open(ber, in_pieces ? BER_OCTETS_PIECES : BER_OCTETS, &octets) ||
	    depth > PIECES_DEPTH_MAX)
		return false;
	if (!in_pieces)
		return ber_write(ber, &octets, taking->content, taking->fault);
	while (ber_has_more(ber, &octets))
		if (!take_octets(taking, depth + 1))
			return false;
	return ber_close(ber, &octets);
}

static bool
take_content(struct taking *taking)
{
	struct ber_reader *ber = &taking->ber;
	struct ber_element info, wrapping;

	if (!ber_open(ber, BER_SEQUENCE, &info))
		return false;
	ber->held = taking->content_type;
	if (!ber_pass(ber, BER_IDENTIFIER, OID_MAX))
		return false;
	ber->held = NULL;
	return ber_open(ber, BER_FIRST, &wrapping) && take_octets(taking, 0) &&
	       ber_close(ber, &wrapping) && ber_close(ber, &info);
}

/* --- what is around it --- */

static bool
take_signers(struct taking *taking, const struct ber_element *structure)
{
	struct ber_reader *ber = &taking->ber;
	const uint64_t before = ber->offset + taking->most;

	ber->held = taking->signers;
	while (ber_has_more(ber, structure))
		if (!ber_pass_any(ber, before))
			return false;
	ber->held = NULL;
	return true;
}

static bool
take_structure(struct taking *taking)
{
	struct ber_reader *ber = &taking->ber;
	struct ber_element info, wrapping, structure;

	if (!ber_open(ber, BER_SEQUENCE, &info))
		return false;
	ber->held = taking->type;
	if (!ber_pass(ber, BER_IDENTIFIER, OID_MAX))
		return false;
	ber->held = NULL;
	if (!ber_open(ber, BER_FIRST, &wrapping) || !ber_open(ber, BER_SEQUENCE, &structure))
		return false;
	ber->held = taking->digests;
	if (!ber_pass(ber, BER_INTEGER, 1) || ber_peek(ber) != BER_SET ||
	    !ber_pass_any(ber, ber->offset + DIGESTS_MAX))
		return false;
	ber->held = NULL;
	return take_content(taking) && take_signers(taking, &structure) &&
	       ber_close(ber, &structure) && ber_close(ber, &wrapping) && ber_close(ber, &info) &&
	       ber_peek(ber) < 0;
}

/* --- the same without content --- */

/* Puts identifier and length before everything that is in the array (X.690 §8.1.3.5). */
static void
wrap(GByteArray *bytes, enum ber_tag tag)
{
	guint8 head[6] = {(guint8)tag, (guint8)bytes->len};
	guint length = 2, octets = 0;

	if (bytes->len >= 0x80) {
		for (guint left = bytes->len; left > 0; left >>= 8)
			octets++;
		head[1] = (guint8)(0x80 | octets);
		for (guint i = 0; i < octets; i++)
			head[length++] = (guint8)(bytes->len >> 8 * (octets - 1 - i));
	}
	g_byte_array_prepend(bytes, head, length);
}

static void
append(GByteArray *bytes, const GByteArray *more)
{
	g_byte_array_append(bytes, more->data, more->len);
}

static GBytes *
join(const struct taking *taking)
{
	GByteArray *structure = g_byte_array_new(), *whole = g_byte_array_new();

	wrap(taking->content_type, BER_SEQUENCE);
	append(structure, taking->digests);
	append(structure, taking->content_type);
	append(structure, taking->signers);
	wrap(structure, BER_SEQUENCE);
	wrap(structure, BER_FIRST);
	append(whole, taking->type);
	append(whole, structure);
	wrap(whole, BER_SEQUENCE);
	g_byte_array_unref(structure);
	return g_byte_array_free_to_bytes(whole);
}

GBytes *
cms_content_take(GMimeStream *ber, uint64_t most, struct sink *content, struct fault *fault)
{
	g_autoptr(GByteArray) type = g_byte_array_new(), digests = g_byte_array_new();
	g_autoptr(GByteArray) content_type = g_byte_array_new(), signers = g_byte_array_new();
	g_autofree struct taking *taking = g_new0(struct taking, 1);

	*taking = (struct taking){.ber = {.stream = ber},
				  .most = most,
				  .content = content,
				  .fault = fault,
				  .type = type,
				  .digests = digests,
				  .content_type = content_type,
				  .signers = signers};
	return take_structure(taking) ? join(taking) : NULL;
}
