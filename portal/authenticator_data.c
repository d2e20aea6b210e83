#include "portal/authenticator_data.h"

#include <cbor.h>

enum {
	HEADER_BYTES = 37, /* hash of the host, flags, counter */
	FLAGS_AT = 32,
	FLAG_CREDENTIAL = 0x40,
	CREDENTIAL_BYTES = 18, /* AAGUID and the length of the ID, before the ID */
	ID_LENGTH_AT = 16,
	ITEMS_LIMIT = 64, /* COSE keys have six at most */
};

static void
count_items(void *context, size_t items)
{
	bool *modest = context;

	if (items > ITEMS_LIMIT)
		*modest = false;
}

/* A sequence of CBOR items up to the end. */
static bool
items_are_modest(const unsigned char *bytes, size_t length)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	bool modest = true;

	callbacks.array_start = count_items;
	callbacks.map_start = count_items;
	while (length > 0 && modest) {
		struct cbor_decoder_result result =
			cbor_stream_decode(bytes, length, &callbacks, &modest);

		if (result.status != CBOR_DECODER_FINISHED)
			return false;
		bytes += result.read;
		length -= result.read;
	}
	return modest;
}

bool
authenticator_data_is_modest(const unsigned char *bytes, size_t length)
{
	size_t begin = HEADER_BYTES;

	if (length < HEADER_BYTES)
		return false;
	if ((bytes[FLAGS_AT] & FLAG_CREDENTIAL) != 0) {
		if (length < HEADER_BYTES + CREDENTIAL_BYTES)
			return false;
		begin += CREDENTIAL_BYTES + ((size_t)bytes[HEADER_BYTES + ID_LENGTH_AT] << 8) +
			 bytes[HEADER_BYTES + ID_LENGTH_AT + 1];
	}
	return begin <= length && items_are_modest(bytes + begin, length - begin);
}
