/* What is read of mail that comes in before anybody knows who wrote it: envelopes of S/MIME and
 * their recipients, signed parts, text signed in clear, Autocrypt, what verifiers say, OpenPGP
 * signatures, and what was encrypted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/spool.h"
#include "delivery/inbound/recipient_info.h"
#include "delivery/inbound/results.h"
#include "keystore/openpgp.h"
#include "mail/autocrypt.h"
#include "mail/clear_signed.h"
#include "mail/cms_content.h"
#include "mail/cms_envelope.h"
#include "mail/entity_sink.h"
#include "mail/mime_stream.h"
#include "mail/signed_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 24};

static GMimeStream *
stream_of(const uint8_t *data, size_t size)
{
	return g_mime_stream_mem_new_with_buffer((const char *)data, size);
}

static void
read_envelope(const uint8_t *data, size_t size)
{
	GMimeStream *stream = stream_of(data, size);
	struct cms_envelope envelope;
	struct counting_sink counter;
	struct fault fault;

	counting_sink_init(&counter);
	if (cms_envelope_read(&envelope, stream)) {
		if (envelope.recipients->len == 0 || envelope.recipients->len > CMS_RECIPIENTS_MAX)
			abort();
		for (guint i = 0; i < envelope.recipients->len; i++)
			recipient_info_free(
				recipient_info_read(g_ptr_array_index(envelope.recipients, i)));
		g_mime_stream_reset(stream);
		cms_envelope_copy(stream, &counter.sink, &fault);
		if (counter.bytes > size)
			abort();
	}
	cms_envelope_clear(&envelope);
	g_object_unref(stream);
}

static void
take_content(const uint8_t *data, size_t size)
{
	GMimeStream *stream = stream_of(data, size);
	struct counting_sink content;
	struct fault fault;
	GBytes *structure;

	counting_sink_init(&content);
	structure = cms_content_take(stream, 4096, &content.sink, &fault);
	if (structure != NULL && content.bytes + g_bytes_get_size(structure) > size + 64)
		abort();
	g_bytes_unref(structure);
	g_object_unref(stream);
}

static void
read_recipient(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(X509) certificate = X509_new();
	struct recipient_info *info = recipient_info_read(bytes);
	struct keeper_wrapped wrapped = {0};

	if (info != NULL && certificate != NULL)
		recipient_info_for(info, certificate, 32, &wrapped);
	recipient_info_free(info);
}

static void
find_signed_part(const uint8_t *data, size_t size)
{
	static const char *const boundaries[] = {"b", "", " ", "--"};
	struct message *message = message_new(&in_memory);
	struct spool_part part;
	struct fault fault;
	bool found;

	if (!message_add_body(message, data, size, &fault))
		abort();
	for (size_t i = 0; i < G_N_ELEMENTS(boundaries); i++)
		if (signed_part_find(message, boundaries[i], &part, &found, &fault) && found &&
		    (part.offset > size || part.length > size - part.offset))
			abort();
	message_free(message);
}

static void
find_clear_text(const uint8_t *data, size_t size)
{
	GMimeStream *stream = stream_of(data, size);
	g_autoptr(GString) armor = g_string_new(NULL);
	g_autoptr(GBytes) block = NULL, packets = NULL;

	if (clear_signed_find(stream, armor) == CLEAR_SIGNED_WHOLE &&
	    (!g_str_has_prefix(armor->str, "-----BEGIN PGP SIGNATURE-----\n") ||
	     !g_str_has_suffix(armor->str, "-----END PGP SIGNATURE-----\n")))
		abort();
	g_object_unref(stream);
	block = g_bytes_new(armor->str, armor->len);
	packets = openpgp_unarmoured(block);
	openpgp_are_signatures(packets);
}

static void
read_signatures(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);

	openpgp_are_signatures(bytes);
	g_free(openpgp_fingerprint(bytes));
}

static void
read_fields(const uint8_t *data, size_t size)
{
	g_autofree char *value = g_strndup((const char *)data, size);
	char id[] = "mx.example.com", nothing[] = "";
	const struct settings settings = {.authserv_id = id, .hostname = nothing};
	struct message *message = message_new(&in_memory);
	struct autocrypt autocrypt;

	results_name_domain(value, "example.com");
	message_add_field(message, RESULTS_FIELD, value);
	results_are_forged(g_ptr_array_index(message->fields, 0), &settings);
	message_add_field(message, "Autocrypt", value);
	autocrypt_find(message, "a@example.com", 4096, &autocrypt);
	if (autocrypt.key != NULL && g_bytes_get_size(autocrypt.key) > 4096)
		abort();
	autocrypt_clear(&autocrypt);
	message_free(message);
}

/* However it is cut into pieces, it is judged alike; and what is opened is a mail. */
static void
take_apart(const uint8_t *data, size_t size)
{
	bool disturbed[2] = {false, false}, good[2];

	for (size_t round = 0; round < 2; round++) {
		struct message *message = message_new(&in_memory);
		size_t piece = round == 0 ? size + 1 : 7;
		struct entity_sink entity;
		struct fault fault;

		entity_sink_init(&entity, message, 100000);
		entity.is_suspect = true;
		good[round] = true;
		for (size_t at = 0; at < size && good[round]; at += piece)
			good[round] =
				sink_write(&entity.sink, data + at, MIN(piece, size - at), &fault);
		good[round] = good[round] && sink_finish(&entity.sink, &fault);
		disturbed[round] = good[round] && entity_sink_is_disturbed(&entity);
		if (good[round] && message_field(message, "Content-Type") == NULL)
			abort();
		entity_sink_clear(&entity);
		message_free(message);
	}
	if (good[0] != good[1] || disturbed[0] != disturbed[1])
		abort();
}

/* The first byte says as what the rest is read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *data, size_t size) = {
		read_envelope,	 read_recipient, find_signed_part, find_clear_text,
		read_signatures, read_fields,	 take_content,	   take_apart};
	static bool is_started;

	if (!is_started)
		mime_start();
	is_started = true;
	if (size > 0)
		readers[data[0] % G_N_ELEMENTS(readers)](data + 1, size - 1);
	return 0;
}
