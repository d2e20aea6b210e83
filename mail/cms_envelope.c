#include "mail/cms_envelope.h"

#include <stdint.h>
#include <string.h>

#include "mail/ber_reader.h"
#include "mail/ciphertext.h"

enum {
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

struct reader {
	struct ber_reader ber;
	struct cms_envelope *envelope; /* what is kept of the structure; NULL: nothing */
	struct sink *sink;	       /* gets the ciphertext, unless it is NULL */
	struct fault *fault;	       /* of the sink */
	struct ciphertext ciphertext;  /* keys and content */
	GHashTable *names;	       /* GBytes: of issuers */
	size_t names_length;
};

/* The same of a value that nobody can read, if it is what it should be. */
static bool
pass_secret(struct reader *reader, enum ber_tag tag, uint64_t most)
{
	struct ber_element element;

	if (!ber_open(&reader->ber, tag, &element) || element.end == 0 ||
	    element.end - reader->ber.offset > most)
		return false;
	while (reader->ber.offset < element.end && ber_peek(&reader->ber) >= 0) {
		size_t part = (size_t)MIN(element.end - reader->ber.offset,
					  reader->ber.length - reader->ber.at);

		ciphertext_step(&reader->ciphertext, reader->ber.piece + reader->ber.at, part);
		if (!ber_skip(&reader->ber, part))
			return false;
	}
	return reader->ber.offset == element.end;
}

/* --- what is kept of them --- */

static void
hold(struct reader *reader)
{
	if (reader->envelope != NULL)
		reader->ber.held = g_byte_array_new();
}

/* What has been read since hold(); NULL if nothing is kept. */
static GBytes *
take_held(struct reader *reader)
{
	GByteArray *held = g_steal_pointer(&reader->ber.held);

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
	struct ber_element name;
	GByteArray *bytes;

	if (!ber_open(&reader->ber, BER_SEQUENCE, &name) || name.end == 0 ||
	    name.end - reader->ber.offset > ISSUER_MAX)
		return false;
	bytes = g_byte_array_new();
	while (reader->ber.offset < name.end && ber_peek(&reader->ber) >= 0) {
		guint8 byte = (guint8)ber_next(&reader->ber);

		g_byte_array_append(bytes, &byte, 1);
	}
	return note_name(reader, g_byte_array_free_to_bytes(bytes)) &&
	       reader->ber.offset == name.end;
}

static bool
pass_issuer_and_serial(struct reader *reader)
{
	struct ber_element info;

	return ber_open(&reader->ber, BER_SEQUENCE, &info) && pass_name(reader) &&
	       ber_pass(&reader->ber, BER_INTEGER, SERIAL_MAX) && ber_close(&reader->ber, &info);
}

static bool
pass_certificate_name(struct reader *reader)
{
	return ber_peek(&reader->ber) == BER_FIRST_PLAIN
		       ? ber_pass(&reader->ber, BER_FIRST_PLAIN, IDENTIFIER_MAX)
		       : pass_issuer_and_serial(reader);
}

static bool
pass_key_transport(struct reader *reader)
{
	struct ber_element info;

	return ber_open(&reader->ber, BER_SEQUENCE, &info) &&
	       ber_pass(&reader->ber, BER_INTEGER, 1) && pass_certificate_name(reader) &&
	       ber_pass(&reader->ber, BER_SEQUENCE, OAEP_MAX) &&
	       pass_secret(reader, BER_OCTETS, VALUE_MAX) && ber_close(&reader->ber, &info);
}

/* The sender's public key, mostly one made for this message. */
static bool
pass_originator(struct reader *reader)
{
	struct ber_element originator, key;

	if (!ber_open(&reader->ber, BER_FIRST, &originator))
		return false;
	if (ber_peek(&reader->ber) != BER_SECOND)
		return pass_certificate_name(reader) && ber_close(&reader->ber, &originator);
	return ber_open(&reader->ber, BER_SECOND, &key) &&
	       ber_pass(&reader->ber, BER_SEQUENCE, PARAMETERS_MAX) &&
	       pass_secret(reader, BER_BITS, VALUE_MAX) && ber_close(&reader->ber, &key) &&
	       ber_close(&reader->ber, &originator);
}

/* A certificate, or the identifier of a key without the date and attribute that may follow. */
static bool
pass_reader_of_key(struct reader *reader)
{
	struct ber_element identifier;

	if (ber_peek(&reader->ber) != BER_FIRST)
		return pass_issuer_and_serial(reader);
	return ber_open(&reader->ber, BER_FIRST, &identifier) &&
	       ber_pass(&reader->ber, BER_OCTETS, IDENTIFIER_MAX) &&
	       ber_close(&reader->ber, &identifier);
}

static bool
pass_wrapped_keys(struct reader *reader)
{
	struct ber_element keys, key;

	if (!ber_open(&reader->ber, BER_SEQUENCE, &keys))
		return false;
	while (ber_has_more(&reader->ber, &keys))
		if (!ber_open(&reader->ber, BER_SEQUENCE, &key) || !pass_reader_of_key(reader) ||
		    !pass_secret(reader, BER_OCTETS, WRAPPED_MAX) || !ber_close(&reader->ber, &key))
			return false;
	return ber_close(&reader->ber, &keys);
}

static bool
pass_key_agreement(struct reader *reader)
{
	struct ber_element info;

	return ber_open(&reader->ber, BER_SECOND, &info) &&
	       ber_pass(&reader->ber, BER_INTEGER, 1) && pass_originator(reader) &&
	       (ber_peek(&reader->ber) != BER_SECOND ||
		ber_pass(&reader->ber, BER_SECOND, PARAMETERS_MAX + 4)) &&
	       ber_pass(&reader->ber, BER_SEQUENCE, PARAMETERS_MAX) && pass_wrapped_keys(reader) &&
	       ber_close(&reader->ber, &info);
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
	struct ber_element set;
	bool is_one = false;

	if (!ber_open(&reader->ber, BER_SET, &set))
		return false;
	while (ber_has_more(&reader->ber, &set)) {
		hold(reader);
		is_one = ber_peek(&reader->ber) == BER_SECOND ? pass_key_agreement(reader)
							      : pass_key_transport(reader);
		if (!is_one || !keep_recipient(reader))
			return false;
	}
	return is_one && ber_close(&reader->ber, &set);
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
	struct ber_element algorithm, identifier;
	size_t length = 0;

	if (!ber_open(&reader->ber, BER_SEQUENCE, &algorithm) || algorithm.end == 0 ||
	    !ber_open(&reader->ber, BER_IDENTIFIER, &identifier))
		return false;
	while (length < sizeof oid && ber_has_more(&reader->ber, &identifier) &&
	       ber_peek(&reader->ber) >= 0)
		oid[length++] = (unsigned char)ber_next(&reader->ber);
	return ber_close(&reader->ber, &identifier) && is_cipher(oid, length) &&
	       algorithm.end >= reader->ber.offset &&
	       algorithm.end - reader->ber.offset <= PARAMETERS_MAX &&
	       ber_skip(&reader->ber, algorithm.end - reader->ber.offset);
}

/* One piece of it, of definite length. */
static bool
pass_piece(struct reader *reader, enum ber_tag tag)
{
	struct ber_element element;

	if (reader->sink == NULL)
		return pass_secret(reader, tag, UINT64_MAX);
	if (!ber_open(&reader->ber, tag, &element) || element.end == 0)
		return false;
	return ber_write(&reader->ber, &element, reader->sink, reader->fault);
}

/* In one piece, or in several that follow each other. */
static bool
pass_ciphertext(struct reader *reader)
{
	struct ber_element pieces;

	if (ber_peek(&reader->ber) == BER_FIRST_PLAIN)
		return pass_piece(reader, BER_FIRST_PLAIN);
	if (!ber_open(&reader->ber, BER_FIRST, &pieces))
		return false;
	while (ber_has_more(&reader->ber, &pieces))
		if (!pass_piece(reader, BER_OCTETS))
			return false;
	return ber_close(&reader->ber, &pieces);
}

static bool
pass_content(struct reader *reader)
{
	struct ber_element info;

	if (!ber_open(&reader->ber, BER_SEQUENCE, &info) ||
	    !ber_pass(&reader->ber, BER_IDENTIFIER, OID_MAX))
		return false;
	hold(reader);
	if (!pass_cipher(reader))
		return false;
	if (reader->envelope != NULL)
		reader->envelope->cipher = take_held(reader);
	return pass_ciphertext(reader) && ber_close(&reader->ber, &info);
}

static bool
pass_type(struct reader *reader)
{
	bool passed;

	hold(reader);
	passed = ber_pass(&reader->ber, BER_IDENTIFIER, OID_MAX);
	if (reader->envelope != NULL)
		reader->envelope->type = take_held(reader);
	return passed;
}

/* The authentication tag of AuthEnvelopedData. */
static bool
pass_tag(struct reader *reader)
{
	bool passed;

	if (ber_peek(&reader->ber) != BER_OCTETS)
		return true;
	hold(reader);
	passed = ber_pass(&reader->ber, BER_OCTETS, PARAMETERS_MAX);
	if (reader->envelope != NULL)
		reader->envelope->tag = take_held(reader);
	return passed;
}

static bool
pass_structure(struct reader *reader)
{
	struct ber_element info, wrapping, envelope;

	return ber_open(&reader->ber, BER_SEQUENCE, &info) && pass_type(reader) &&
	       ber_open(&reader->ber, BER_FIRST, &wrapping) &&
	       ber_open(&reader->ber, BER_SEQUENCE, &envelope) &&
	       ber_pass(&reader->ber, BER_INTEGER, 1) && pass_recipients(reader) &&
	       pass_content(reader) && pass_tag(reader) && ber_close(&reader->ber, &envelope) &&
	       ber_close(&reader->ber, &wrapping) && ber_close(&reader->ber, &info) &&
	       ber_peek(&reader->ber) < 0;
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

	reader->ber.stream = der;
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
	reader->ber.stream = der;
	reader->envelope = envelope_r;
	is_envelope = pass_envelope(reader);
	g_clear_pointer(&reader->ber.held, g_byte_array_unref);
	return is_envelope;
}

bool
cms_envelope_copy(GMimeStream *der, struct sink *sink, struct fault *fault)
{
	g_autofree struct reader *reader = g_new0(struct reader, 1);

	reader->ber.stream = der;
	reader->sink = sink;
	reader->fault = fault;
	if (pass_envelope(reader))
		return true;
	return sink->failed ? false
			    : fault_set(fault, FAULT_INPUT, "reading an envelope: it is broken");
}
