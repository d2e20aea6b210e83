#include "core/sink.h"

#include <glib.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

static bool
is_sound(const struct sink *sink, struct fault *fault)
{
	return !sink->failed ||
	       fault_set(fault, FAULT_STORAGE, "writing more after an earlier write failed");
}

bool
sink_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	if (!is_sound(sink, fault))
		return false;
	sink->failed = length > 0 && !sink->write(sink, data, length, fault);
	return !sink->failed;
}

bool
sink_print(struct sink *sink, struct fault *fault, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	return sink_write(sink, text, strlen(text), fault);
}

bool
sink_finish(struct sink *sink, struct fault *fault)
{
	if (!is_sound(sink, fault))
		return false;
	sink->failed = sink->finish != NULL && !sink->finish(sink, fault);
	return !sink->failed;
}

static bool
counting_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	(void)data;
	(void)fault;
	((struct counting_sink *)sink)->bytes += length;
	return true;
}

void
counting_sink_init(struct counting_sink *counter)
{
	*counter = (struct counting_sink){.sink = {.write = counting_write}};
}

/* --- base64 --- */

enum { LINES_AT_ONCE = 64, ENCODED_LINE = 78, PAIRS = 4096 };

/* The two characters for each twelve bits: half as many steps as with one at a time. */
static char pairs[PAIRS][2];

static void
make_pairs(void)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static gsize made;

	if (!g_once_init_enter(&made))
		return;
	for (unsigned i = 0; i < PAIRS; i++) {
		pairs[i][0] = alphabet[i >> 6];
		pairs[i][1] = alphabet[i & 63];
	}
	g_once_init_leave(&made, 1);
}

static void
encode_line(char *out, const unsigned char *data)
{
	for (size_t i = 0; i < BASE64_LINE_BYTES; i += 3, out += 4) {
		memcpy(out, pairs[data[i] << 4 | data[i + 1] >> 4], 2);
		memcpy(out + 2, pairs[(data[i + 1] & 15) << 8 | data[i + 2]], 2);
	}
}

static size_t
encode_piece(char *out, const unsigned char *data, size_t length)
{
	if (length < BASE64_LINE_BYTES)
		return (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)length);
	encode_line(out, data);
	return ENCODED_LINE - 2;
}

/* Encodes up to LINES_AT_ONCE lines; all but the last must be full. */
static bool
put_lines(struct base64_sink *encoder, const unsigned char *data, size_t length,
	  struct fault *fault)
{
	char out[LINES_AT_ONCE * ENCODED_LINE + 1];
	size_t used = 0;

	while (length > 0) {
		size_t piece = MIN(length, (size_t)BASE64_LINE_BYTES);

		used += encode_piece(out + used, data, piece);
		out[used++] = '\r';
		out[used++] = '\n';
		data += piece;
		length -= piece;
	}
	return sink_write(encoder->next, out, used, fault);
}

static bool
base64_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct base64_sink *encoder = (struct base64_sink *)sink;
	const unsigned char *bytes = data;

	if (encoder->held_length > 0) {
		size_t piece = MIN(length, sizeof encoder->held - encoder->held_length);

		memcpy(encoder->held + encoder->held_length, bytes, piece);
		encoder->held_length += piece;
		bytes += piece;
		length -= piece;
		if (encoder->held_length < sizeof encoder->held)
			return true;
		encoder->held_length = 0;
		if (!put_lines(encoder, encoder->held, sizeof encoder->held, fault))
			return false;
	}
	while (length >= BASE64_LINE_BYTES) {
		size_t lines = MIN(length / BASE64_LINE_BYTES, (size_t)LINES_AT_ONCE);

		if (!put_lines(encoder, bytes, lines * BASE64_LINE_BYTES, fault))
			return false;
		bytes += lines * BASE64_LINE_BYTES;
		length -= lines * BASE64_LINE_BYTES;
	}
	memcpy(encoder->held, bytes, length);
	encoder->held_length = length;
	return true;
}

static bool
base64_finish(struct sink *sink, struct fault *fault)
{
	struct base64_sink *encoder = (struct base64_sink *)sink;
	size_t length = encoder->held_length;

	encoder->held_length = 0;
	return length == 0 || put_lines(encoder, encoder->held, length, fault);
}

void
base64_sink_init(struct base64_sink *encoder, struct sink *next)
{
	make_pairs();
	*encoder = (struct base64_sink){
		.sink = {.write = base64_write, .finish = base64_finish},
		.next = next,
	};
}
