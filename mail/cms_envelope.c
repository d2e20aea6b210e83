#include "mail/cms_envelope.h"

#include <stdint.h>
#include <string.h>

#include "mail/ciphertext.h"

enum {
	PIECE_BYTES = 16384,
	OID_MAX = 16,
	VALUE_MAX = 2048, /* bytes: an RSA key of 16384 bits */
	PARAMETERS_MAX = 64,
	OAEP_MAX = 128,
	IDENTIFIER_MAX = 64, /* of a key: a hash */
	SERIAL_MAX = 24,     /* RFC 5280 §4.1.2.2: 20 octets */
	WRAPPED_MAX = 128,   /* a key that is wrapped by another */
	ISSUER_MAX = 1024,   /* of an issuer */
	ISSUERS_MAX = 4096,  /* of all issuers together, each counted once: anybody can read them */
};

enum tag {
	INTEGER = 0x02,
	OCTETS = 0x04,
	IDENTIFIER = 0x06,
	SEQUENCE = 0x30,
	SET = 0x31,
	BITS = 0x03,
	CONTENT = 0x80, /* [0], primitive */
	EXPLICIT = 0xa0,
	SECOND = 0xa1, /* [1]: key agreement; within it, user keying material */
};

/* --- elements of BER (X.690 §8.1) --- */

struct reader {
	GMimeStream *stream;
	unsigned char piece[PIECE_BYTES];
	size_t at, length;
	uint64_t offset;	       /* from the start of the stream */
	struct cms_envelope *envelope; /* what is kept of the structure; NULL: nothing */
	GByteArray *held;	       /* gets what is read, unless it is NULL */
	struct sink *sink;	       /* gets the ciphertext, unless it is NULL */
	struct fault *fault;	       /* of the sink */
	struct ciphertext ciphertext;  /* keys and content */
	GHashTable *names;	       /* GBytes: of issuers */
	size_t names_length;
};

struct element {
	uint64_t end; /* an offset; 0: of indefinite length */
};

/* Returns -1 at the end. */
static int
peek(struct reader *reader)
{
	ssize_t got;

	if (reader->at == reader->length) {
		got = g_mime_stream_read(reader->stream, (char *)reader->piece, PIECE_BYTES);
		reader->at = 0;
		reader->length = got > 0 ? (size_t)got : 0;
	}
	return reader->at == reader->length ? -1 : reader->piece[reader->at];
}

static int
next(struct reader *reader)
{
	int octet = peek(reader);
	guint8 byte = (guint8)octet;

	if (octet >= 0 && reader->held != NULL)
		g_byte_array_append(reader->held, &byte, 1);
	reader->at += octet >= 0;
	reader->offset += octet >= 0;
	return octet;
}

static bool
skip(struct reader *reader, uint64_t count)
{
	while (count > 0 && peek(reader) >= 0) {
		size_t part = (size_t)MIN(count, reader->length - reader->at);

		if (reader->held != NULL)
			g_byte_array_append(reader->held, reader->piece + reader->at, (guint)part);
		reader->at += part;
		reader->offset += part;
		count -= part;
	}
	return count == 0;
}

static bool
open_element(struct reader *reader, enum tag tag, struct element *element_r)
{
	int octet = next(reader) == (int)tag ? next(reader) : -1;
	uint64_t length = 0;

	element_r->end = 0;
	if (octet < 0 || octet > 0x84)
		return false;
	if (octet == 0x80)
		return (tag & 0x20) != 0;
	if (octet < 0x80)
		length = (uint64_t)octet;
	for (int left = octet - 0x80; left > 0; left--) {
		octet = next(reader);
		length = length << 8 | (uint64_t)octet;
		if (octet < 0)
			return false;
	}
	element_r->end = reader->offset + length;
	return true;
}

static bool
has_more(struct reader *reader, const struct element *element)
{
	return element->end == 0 ? peek(reader) > 0 : reader->offset < element->end;
}

static bool
close_element(struct reader *reader, const struct element *element)
{
	return element->end == 0 ? next(reader) == 0 && next(reader) == 0
				 : reader->offset == element->end;
}

/* An element of definite length whose contents do not matter. */
static bool
pass(struct reader *reader, enum tag tag, uint64_t most)
{
	struct element element;

	return open_element(reader, tag, &element) && element.end != 0 &&
	       element.end - reader->offset <= most && skip(reader, element.end - reader->offset);
}

/* The same of a value that nobody can read, if it is what it should be. */
static bool
pass_secret(struct reader *reader, enum tag tag, uint64_t most)
{
	struct element element;

	if (!open_element(reader, tag, &element) || element.end == 0 ||
	    element.end - reader->offset > most)
		return false;
	while (reader->offset < element.end && peek(reader) >= 0) {
		size_t part =
			(size_t)MIN(element.end - reader->offset, reader->length - reader->at);

		ciphertext_step(&reader->ciphertext, reader->piece + reader->at, part);
		if (!skip(reader, part))
			return false;
	}
	return reader->offset == element.end;
}

/* --- what is kept of them --- */

static void
hold(struct reader *reader)
{
	if (reader->envelope != NULL)
		reader->held = g_byte_array_new();
}

/* What has been read since hold(); NULL if nothing is kept. */
static GBytes *
take_held(struct reader *reader)
{
	GByteArray *held = g_steal_pointer(&reader->held);

	return held == NULL ? NULL : g_byte_array_free_to_bytes(held);
}

/* --- recipients (RFC 5652 §6.2) --- */

/* An issuer whose certificates several recipients have is counted once. */
static bool
note_name(struct reader *reader, GBytes *name)
{
	if (!g_hash_table_contains(reader->names, name))
		reader->names_length += g_bytes_get_size(name);
	g_hash_table_add(reader->names, name);
	return reader->names_length <= ISSUERS_MAX;
}

static bool
pass_name(struct reader *reader)
{
	struct element name;
	GByteArray *bytes;

	if (!open_element(reader, SEQUENCE, &name) || name.end == 0 ||
	    name.end - reader->offset > ISSUER_MAX)
		return false;
	bytes = g_byte_array_new();
	while (reader->offset < name.end && peek(reader) >= 0) {
		guint8 byte = (guint8)next(reader);

		g_byte_array_append(bytes, &byte, 1);
	}
	return note_name(reader, g_byte_array_free_to_bytes(bytes)) && reader->offset == name.end;
}

static bool
pass_issuer_and_serial(struct reader *reader)
{
	struct element info;

	return open_element(reader, SEQUENCE, &info) && pass_name(reader) &&
	       pass(reader, INTEGER, SERIAL_MAX) && close_element(reader, &info);
}

static bool
pass_certificate_name(struct reader *reader)
{
	return peek(reader) == CONTENT ? pass(reader, CONTENT, IDENTIFIER_MAX)
				       : pass_issuer_and_serial(reader);
}

static bool
pass_key_transport(struct reader *reader)
{
	struct element info;

	return open_element(reader, SEQUENCE, &info) && pass(reader, INTEGER, 1) &&
	       pass_certificate_name(reader) && pass(reader, SEQUENCE, OAEP_MAX) &&
	       pass_secret(reader, OCTETS, VALUE_MAX) && close_element(reader, &info);
}

/* The sender's public key, mostly one made for this message. */
static bool
pass_originator(struct reader *reader)
{
	struct element originator, key;

	if (!open_element(reader, EXPLICIT, &originator))
		return false;
	if (peek(reader) != SECOND)
		return pass_certificate_name(reader) && close_element(reader, &originator);
	return open_element(reader, SECOND, &key) && pass(reader, SEQUENCE, PARAMETERS_MAX) &&
	       pass_secret(reader, BITS, VALUE_MAX) && close_element(reader, &key) &&
	       close_element(reader, &originator);
}

/* A certificate, or the identifier of a key without the date and attribute that may follow. */
static bool
pass_reader_of_key(struct reader *reader)
{
	struct element identifier;

	if (peek(reader) != EXPLICIT)
		return pass_issuer_and_serial(reader);
	return open_element(reader, EXPLICIT, &identifier) &&
	       pass(reader, OCTETS, IDENTIFIER_MAX) && close_element(reader, &identifier);
}

static bool
pass_wrapped_keys(struct reader *reader)
{
	struct element keys, key;

	if (!open_element(reader, SEQUENCE, &keys))
		return false;
	while (has_more(reader, &keys))
		if (!open_element(reader, SEQUENCE, &key) || !pass_reader_of_key(reader) ||
		    !pass_secret(reader, OCTETS, WRAPPED_MAX) || !close_element(reader, &key))
			return false;
	return close_element(reader, &keys);
}

static bool
pass_key_agreement(struct reader *reader)
{
	struct element info;

	return open_element(reader, SECOND, &info) && pass(reader, INTEGER, 1) &&
	       pass_originator(reader) &&
	       (peek(reader) != SECOND || pass(reader, SECOND, PARAMETERS_MAX + 4)) &&
	       pass(reader, SEQUENCE, PARAMETERS_MAX) && pass_wrapped_keys(reader) &&
	       close_element(reader, &info);
}

static bool
keep_recipient(struct reader *reader)
{
	GBytes *recipient = take_held(reader);

	if (recipient == NULL)
		return true;
	g_ptr_array_add(reader->envelope->recipients, recipient);
	return reader->envelope->recipients->len <= CMS_RECIPIENTS_MAX;
}

static bool
pass_recipients(struct reader *reader)
{
	struct element set;
	bool is_one = false;

	if (!open_element(reader, SET, &set))
		return false;
	while (has_more(reader, &set)) {
		hold(reader);
		is_one = peek(reader) == SECOND ? pass_key_agreement(reader)
						: pass_key_transport(reader);
		if (!is_one || !keep_recipient(reader))
			return false;
	}
	return is_one && close_element(reader, &set);
}

/* --- encrypted content --- */

/* AES (RFC 3565, RFC 5084), triple DES (RFC 3370), Camellia (RFC 3657), ChaCha20 (RFC 8103). */
static bool
is_cipher(const unsigned char *oid, size_t length)
{
	static const struct {
		const char *oid;
		size_t length;
	} others[] = {
		{"\x2a\x86\x48\x86\xf7\x0d\x03\x07", 8},
		{"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x02", 11},
		{"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x03", 11},
		{"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x04", 11},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x12", 11},
	};
	static const char aes[] = "\x60\x86\x48\x01\x65\x03\x04\x01";
	static const char aes_modes[] = {2, 6, 7, 22, 26, 27, 42, 46, 47}; /* CBC, GCM, CCM */

	if (length == sizeof aes && memcmp(oid, aes, sizeof aes - 1) == 0)
		return memchr(aes_modes, oid[length - 1], sizeof aes_modes) != NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (length == others[i].length && memcmp(oid, others[i].oid, length) == 0)
			return true;
	return false;
}

static bool
pass_cipher(struct reader *reader)
{
	unsigned char oid[OID_MAX];
	struct element algorithm, identifier;
	size_t length = 0;

	if (!open_element(reader, SEQUENCE, &algorithm) || algorithm.end == 0 ||
	    !open_element(reader, IDENTIFIER, &identifier))
		return false;
	while (length < sizeof oid && has_more(reader, &identifier) && peek(reader) >= 0)
		oid[length++] = (unsigned char)next(reader);
	return close_element(reader, &identifier) && is_cipher(oid, length) &&
	       algorithm.end >= reader->offset &&
	       algorithm.end - reader->offset <= PARAMETERS_MAX &&
	       skip(reader, algorithm.end - reader->offset);
}

/* One piece of it, of definite length. */
static bool
pass_piece(struct reader *reader, enum tag tag)
{
	struct element element;

	if (reader->sink == NULL)
		return pass_secret(reader, tag, UINT64_MAX);
	if (!open_element(reader, tag, &element) || element.end == 0)
		return false;
	while (reader->offset < element.end && peek(reader) >= 0) {
		size_t part =
			(size_t)MIN(element.end - reader->offset, reader->length - reader->at);

		if (!sink_write(reader->sink, reader->piece + reader->at, part, reader->fault))
			return false;
		reader->at += part;
		reader->offset += part;
	}
	return reader->offset == element.end;
}

/* In one piece, or in several that follow each other. */
static bool
pass_ciphertext(struct reader *reader)
{
	struct element pieces;

	if (peek(reader) == CONTENT)
		return pass_piece(reader, CONTENT);
	if (!open_element(reader, EXPLICIT, &pieces))
		return false;
	while (has_more(reader, &pieces))
		if (!pass_piece(reader, OCTETS))
			return false;
	return close_element(reader, &pieces);
}

static bool
pass_content(struct reader *reader)
{
	struct element info;

	if (!open_element(reader, SEQUENCE, &info) || !pass(reader, IDENTIFIER, OID_MAX))
		return false;
	hold(reader);
	if (!pass_cipher(reader))
		return false;
	if (reader->envelope != NULL)
		reader->envelope->cipher = take_held(reader);
	return pass_ciphertext(reader) && close_element(reader, &info);
}

static bool
pass_type(struct reader *reader)
{
	bool passed;

	hold(reader);
	passed = pass(reader, IDENTIFIER, OID_MAX);
	if (reader->envelope != NULL)
		reader->envelope->type = take_held(reader);
	return passed;
}

/* The authentication tag of AuthEnvelopedData. */
static bool
pass_tag(struct reader *reader)
{
	bool passed;

	if (peek(reader) != OCTETS)
		return true;
	hold(reader);
	passed = pass(reader, OCTETS, PARAMETERS_MAX);
	if (reader->envelope != NULL)
		reader->envelope->tag = take_held(reader);
	return passed;
}

static bool
pass_structure(struct reader *reader)
{
	struct element info, wrapping, envelope;

	return open_element(reader, SEQUENCE, &info) && pass_type(reader) &&
	       open_element(reader, EXPLICIT, &wrapping) &&
	       open_element(reader, SEQUENCE, &envelope) && pass(reader, INTEGER, 1) &&
	       pass_recipients(reader) && pass_content(reader) && pass_tag(reader) &&
	       close_element(reader, &envelope) && close_element(reader, &wrapping) &&
	       close_element(reader, &info) && peek(reader) < 0;
}

static bool
pass_envelope(struct reader *reader)
{
	bool passed;

	reader->names = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
					      (GDestroyNotify)g_bytes_unref, NULL);
	passed = pass_structure(reader) && ciphertext_is_plausible(&reader->ciphertext);
	g_hash_table_unref(reader->names);
	return passed;
}

bool
cms_is_envelope(GMimeStream *der)
{
	g_autofree struct reader *reader = g_new0(struct reader, 1);

	reader->stream = der;
	return pass_envelope(reader);
}

void
cms_envelope_clear(struct cms_envelope *envelope)
{
	g_clear_pointer(&envelope->recipients, g_ptr_array_unref);
	g_clear_pointer(&envelope->type, g_bytes_unref);
	g_clear_pointer(&envelope->cipher, g_bytes_unref);
	g_clear_pointer(&envelope->tag, g_bytes_unref);
}

bool
cms_envelope_read(struct cms_envelope *envelope_r, GMimeStream *der)
{
	g_autofree struct reader *reader = g_new0(struct reader, 1);
	bool is_envelope;

	*envelope_r = (struct cms_envelope){
		.recipients = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)};
	reader->stream = der;
	reader->envelope = envelope_r;
	is_envelope = pass_envelope(reader);
	g_clear_pointer(&reader->held, g_byte_array_unref);
	return is_envelope;
}

bool
cms_envelope_copy(GMimeStream *der, struct sink *sink, struct fault *fault)
{
	g_autofree struct reader *reader = g_new0(struct reader, 1);

	reader->stream = der;
	reader->sink = sink;
	reader->fault = fault;
	if (pass_envelope(reader))
		return true;
	return sink->failed ? false
			    : fault_set(fault, FAULT_INPUT, "reading an envelope: it is broken");
}
