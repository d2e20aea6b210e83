#include "keystore/key_wire.h"

#include <errno.h>

#include "core/transfer.h"

GBytes *
key_wire_pack(GVariant *value)
{
	GBytes *bytes;

	g_variant_ref_sink(value);
	bytes = g_variant_get_data_as_bytes(value);
	g_variant_unref(value);
	return bytes;
}

GVariant *
key_wire_unpack(const char *type, GBytes *bytes)
{
	GVariant *value =
		g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));

	if (g_variant_is_normal_form(value))
		return value;
	g_variant_unref(value);
	return NULL;
}

GVariant *
key_wire_bytes(const void *bytes, size_t length)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, length, 1);
}

bool
key_wire_send(int socket, GBytes *bytes, size_t most, int64_t until)
{
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);
	const uint32_t before = (uint32_t)length;

	if (length > most) {
		errno = EMSGSIZE;
		return false;
	}
	return transfer_send(socket, &before, sizeof before, until) &&
	       transfer_send(socket, data, length, until);
}

GBytes *
key_wire_receive(int socket, size_t most, int64_t until)
{
	g_autofree char *data = NULL;
	uint32_t length;

	if (!transfer_receive(socket, &length, sizeof length, until))
		return NULL;
	if (length > most) {
		errno = EBADMSG;
		return NULL;
	}
	data = g_malloc(length + 1);
	return transfer_receive(socket, data, length, until)
		       ? g_bytes_new_take(g_steal_pointer(&data), length)
		       : NULL;
}
