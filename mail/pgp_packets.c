#include "mail/pgp_packets.h"

#include <glib.h>

/* RFC 9580 §5; the last one is GnuPG's. */
enum tag {
	PUBLIC_KEY_SESSION_KEY = 1,
	SYMMETRIC_SESSION_KEY = 3,
	ENCRYPTED = 9,
	ENCRYPTED_AND_PROTECTED = 18,
	ENCRYPTED_BY_OCB = 20,
};

/* Limits in bytes: enough for a key of 16384 bits or a lattice-based one, and for a salt, a nonce
 * and a wrapped key. */
enum { SESSION_KEY_MIN = 4, SESSION_KEY_MAX = 8192, SYMMETRIC_MAX = 128 };

enum { BODY_START = 9 }; /* octets of a body that are looked at: a version and a key ID */

/* The number of octets that encode the length, beginning with this one (§4.2.1). */
static size_t
length_octets(unsigned char first)
{
	return first == 255 ? 5 : first >= 192 && first < 224 ? 2 : 1;
}

static void
read_new_length(struct pgp_packets *packets, const unsigned char *octets)
{
	packets->continues = false;
	if (octets[0] < 192) {
		packets->left = octets[0];
	} else if (octets[0] < 224) {
		packets->left = ((uint64_t)(octets[0] - 192) << 8) + octets[1] + 192;
	} else if (octets[0] == 255) {
		packets->left = (uint64_t)octets[1] << 24 | (uint64_t)octets[2] << 16 |
				(uint64_t)octets[3] << 8 | octets[4];
	} else {
		packets->left = (uint64_t)1 << (octets[0] & 0x1f);
		packets->continues = true;
	}
}

static void
read_old_length(struct pgp_packets *packets, const unsigned char *octets, size_t count)
{
	packets->continues = false;
	packets->is_endless = count == 0;
	packets->left = 0;
	for (size_t i = 0; i < count; i++)
		packets->left = packets->left << 8 | octets[i];
}

static void
begin_packet(struct pgp_packets *packets)
{
	bool is_session_key =
		packets->tag == PUBLIC_KEY_SESSION_KEY || packets->tag == SYMMETRIC_SESSION_KEY;
	bool is_data = packets->tag == ENCRYPTED || packets->tag == ENCRYPTED_AND_PROTECTED ||
		       packets->tag == ENCRYPTED_BY_OCB;
	uint64_t most = packets->tag == SYMMETRIC_SESSION_KEY ? SYMMETRIC_MAX : SESSION_KEY_MAX;
	bool is_short = !packets->continues && !packets->is_endless &&
			packets->left >= SESSION_KEY_MIN && packets->left <= most;

	packets->at_version = true;
	packets->body_at = 0;
	packets->has_other |= packets->has_data || !(is_session_key || is_data) ||
			      (is_session_key && !is_short) ||
			      (is_data && !packets->has_session_key) ||
			      (packets->left == 0 && !packets->is_endless);
	packets->has_session_key |= is_session_key;
	packets->has_data |= is_data;
}

/* Called after each byte of a header, of a packet or of a further piece of one, until the header is
 * complete. */
static void
see_header(struct pgp_packets *packets)
{
	const unsigned char *header = packets->header;
	bool is_new = (header[0] & 0x40) != 0;
	size_t old_octets = (header[0] & 3) == 3 ? 0 : (size_t)1 << (header[0] & 3);

	if (packets->continues) {
		if (packets->header_length < length_octets(header[0]))
			return;
		read_new_length(packets, header);
	} else {
		packets->has_other |= (header[0] & 0x80) == 0;
		if (packets->header_length == 1 && (is_new || old_octets > 0))
			return;
		if (packets->header_length < 1 + (is_new ? length_octets(header[1]) : old_octets))
			return;
		packets->tag = is_new ? header[0] & 0x3f : header[0] >> 2 & 0x0f;
		if (is_new)
			read_new_length(packets, header + 1);
		else
			read_old_length(packets, header + 1, old_octets);
		begin_packet(packets);
	}
	packets->header_length = 0;
}

static bool
is_known_version(unsigned tag, unsigned version)
{
	switch (tag) {
	case PUBLIC_KEY_SESSION_KEY:
		return version == 3 || version == 6;
	case SYMMETRIC_SESSION_KEY:
		return version >= 4 && version <= 6;
	case ENCRYPTED_AND_PROTECTED:
		return version == 1 || version == 2;
	case ENCRYPTED_BY_OCB:
		return version == 1;
	default:
		return true;
	}
}

/* Where a body names its cipher (§5.3, §5.13.2); 0: it does not. */
static unsigned
cipher_at(unsigned tag, unsigned version)
{
	if (tag == SYMMETRIC_SESSION_KEY)
		return version == 6 ? 2 : 1;
	return (tag == ENCRYPTED_AND_PROTECTED && version == 2) || tag == ENCRYPTED_BY_OCB;
}

/* §9.3: 0 is plain text, 5 and 6 are reserved. */
static bool
is_cipher(unsigned algorithm)
{
	return (algorithm >= 1 && algorithm <= 4) || (algorithm >= 7 && algorithm <= 13);
}

static void
see_start(struct pgp_packets *packets, unsigned octet)
{
	if (packets->body_at == 0) {
		packets->has_other |= !is_known_version(packets->tag, octet);
		packets->cipher_at = cipher_at(packets->tag, octet);
		packets->at_version = false;
	} else if (packets->body_at == packets->cipher_at) {
		packets->has_other |= !is_cipher(octet);
	}
	packets->body_at++;
}

/* Key IDs of zeros, for readers who are not to be named (§5.1.8), make no message readable. */
static bool
hides_reader(const struct pgp_packets *packets, unsigned char octet)
{
	return packets->tag == PUBLIC_KEY_SESSION_KEY && packets->body_at > 0 && octet == 0;
}

/* Returns how many of the bytes belong to the body. */
static size_t
see_body(struct pgp_packets *packets, const unsigned char *data, size_t length)
{
	size_t part = packets->is_endless ? length : (size_t)MIN(length, packets->left);

	size_t start = 0;

	while (start < part && packets->body_at < BODY_START) {
		if (!hides_reader(packets, data[start]))
			ciphertext_step(&packets->ciphertext, data + start, 1);
		see_start(packets, data[start++]);
	}
	ciphertext_step(&packets->ciphertext, data + start, part - start);
	packets->left -= packets->is_endless ? 0 : part;
	return part;
}

void
pgp_packets_step(struct pgp_packets *packets, const void *data, size_t length)
{
	const unsigned char *at = data, *end = at + length;

	while (at < end && !packets->has_other) {
		if (packets->left > 0 || packets->is_endless) {
			at += see_body(packets, at, (size_t)(end - at));
		} else {
			packets->header[packets->header_length++] = *at++;
			see_header(packets);
		}
	}
}

bool
pgp_packets_are_encrypted(const struct pgp_packets *packets)
{
	return packets->has_data && !packets->has_other &&
	       ciphertext_is_plausible(&packets->ciphertext) && packets->left == 0 &&
	       !packets->continues && packets->header_length == 0 && !packets->at_version;
}

bool
pgp_packets_begin_encrypted(const struct pgp_packets *packets)
{
	return packets->has_session_key && !packets->at_version && !packets->has_other;
}
