/*
 * What travels between a program of ours and postseal-keyreader: GVariants, preceded by their
 * length.
 */
#ifndef POSTSEAL_KEYSTORE_KEY_WIRE_H
#define POSTSEAL_KEYSTORE_KEY_WIRE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes ownership of the value; caller frees. */
GBytes *key_wire_pack(GVariant *value);
/* NULL if the bytes are not of that type; caller frees. */
GVariant *key_wire_unpack(const char *type, GBytes *bytes);
/* A value of the type "ay". */
GVariant *key_wire_bytes(const void *bytes, size_t length);

/* Pieces of up to `most` bytes; `until` as in core/transfer.h. */
bool key_wire_send(int socket, GBytes *bytes, size_t most, int64_t until);
GBytes *key_wire_receive(int socket, size_t most, int64_t until);

#endif
