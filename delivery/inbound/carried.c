#include "delivery/inbound/carried.h"

#include <string.h>

#include "core/address.h"
#include "keystore/mailed.h"
#include "keystore/openpgp.h"
#include "mail/autocrypt.h"
#include "mail/mime_stream.h"

enum {
	PIECE_BYTES = 16384,
	DEPTH_MAX = 8,
	PACKETS_MAX = 100, /* of a key: gpg checks every signature in it before one of the mail */
};

static void
carried_key_free(gpointer data)
{
	struct carried_key *key = data;

	g_bytes_unref(key->content);
	g_free(key->fingerprint);
	g_free(key);
}

bool
carried_are_wanted(const struct delivery_context *delivery)
{
	const struct settings *settings = delivery->settings;

	return delivery->from != NULL && *address_domain(delivery->from) != '\0' &&
	       g_strv_contains((const char *const *)settings->keys_from, "mail") &&
	       !keystore_is_employee(settings->domains, delivery->from);
}

time_t
carried_at(const struct message *message)
{
	g_autofree char *text = message_field_text(message, "Date");
	g_autoptr(GDateTime) date = text == NULL ? NULL : g_mime_utils_header_decode_date(text);
	time_t now = time(NULL);

	return date == NULL ? now : (time_t)CLAMP(g_date_time_to_unix(date), 1, (gint64)now);
}

/* Strangers must not keep gpg busy, which others wait for. */
static bool
takes_long(GBytes *content)
{
	return openpgp_count_packets(content) > PACKETS_MAX || openpgp_is_laborious(content);
}

/* What is no key of the author's is left out. */
static void
add_key(GPtrArray *keys, const char *author, GBytes *content, bool is_autocrypt,
	bool prefers_encryption)
{
	g_autoptr(GBytes) own = openpgp_only_for(content, author);
	char *fingerprint = openpgp_fingerprint(own);
	struct carried_key *key;

	if (fingerprint == NULL || keys->len >= CARRIED_MAX || takes_long(own)) {
		g_free(fingerprint);
		return;
	}
	key = g_new(struct carried_key, 1);
	*key = (struct carried_key){.content = g_steal_pointer(&own),
				    .fingerprint = fingerprint,
				    .is_autocrypt = is_autocrypt,
				    .prefers_encryption = prefers_encryption};
	g_ptr_array_add(keys, key);
}

/* --- attached --- */

/* Without its armor; NULL: it is too large. */
static GBytes *
read_part(GMimePart *part)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	GMimeStream *stream = mime_stream_of_part(part);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	g_autoptr(GBytes) block = NULL;
	const char *armor;
	ssize_t got;

	while (text->len <= MAILED_BYTES_MAX &&
	       (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		g_string_append_len(text, piece, got);
	g_object_unref(stream);
	if (text->len > MAILED_BYTES_MAX)
		return NULL;
	armor = strstr(text->str, begin);
	if (armor != NULL) {
		g_string_erase(text, 0, armor - text->str);
		g_string_replace(text, "\r\n", "\n", 0);
	}
	block = g_bytes_new(text->str, text->len);
	return openpgp_unarmoured(block);
}

/* Not those in attached messages, whose author is somebody else. */
static void
add_attached(GPtrArray *keys, const char *author, GMimeObject *object, unsigned depth)
{
	g_autoptr(GBytes) content = NULL;

	if (GMIME_IS_MULTIPART(object)) {
		for (int i = 0; depth < DEPTH_MAX && keys->len < CARRIED_MAX &&
				i < g_mime_multipart_get_count(GMIME_MULTIPART(object));
		     i++)
			add_attached(keys, author,
				     g_mime_multipart_get_part(GMIME_MULTIPART(object), i),
				     depth + 1);
		return;
	}
	if (!GMIME_IS_PART(object) ||
	    !g_mime_content_type_is_type(g_mime_object_get_content_type(object), "application",
					 "pgp-keys"))
		return;
	content = read_part(GMIME_PART(object));
	if (content != NULL)
		add_key(keys, author, content, false, false);
}

/* --- both --- */

static void
add_autocrypt(GPtrArray *keys, const struct delivery_context *delivery)
{
	struct autocrypt autocrypt;

	autocrypt_find(delivery->message, delivery->from, MAILED_BYTES_MAX, &autocrypt);
	if (autocrypt.key != NULL)
		add_key(keys, delivery->from, autocrypt.key, true, autocrypt.prefers_encryption);
	autocrypt_clear(&autocrypt);
}

GPtrArray *
carried_find(const struct delivery_context *delivery, struct parts *parts, struct fault *fault)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(carried_key_free);
	GMimeObject *root;

	if (!carried_are_wanted(delivery))
		return g_steal_pointer(&keys);
	add_autocrypt(keys, delivery);
	if (parts == NULL)
		return g_steal_pointer(&keys);
	root = parts_root(parts, fault);
	if (root == NULL)
		return NULL;
	add_attached(keys, delivery->from, root, 0);
	return parts_are_good(parts, fault) ? g_steal_pointer(&keys) : NULL;
}
