#include "milter/login.h"

#include <string.h>

enum {
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	BINDING_BYTES = crypto_generichash_BYTES,
	TEXT_MAX = 256, /* bytes of a login, and of a client's name and address, so that the field
			   fits on one line */
	CLOCK_SECONDS = 300, /* how far the clocks of a cluster may differ */
};

/* What a note is bound to: the Message-ID and body of this message. */
static void
bind_to(const struct message *message, unsigned char binding_r[BINDING_BYTES])
{
	g_autofree char *id = message_field_text(message, "Message-ID");
	crypto_generichash_state body = message->digest, both;
	unsigned char digest[crypto_generichash_BYTES];

	crypto_generichash_final(&body, digest, sizeof digest);
	crypto_generichash_init(&both, NULL, 0, BINDING_BYTES);
	crypto_generichash_update(&both, digest, sizeof digest);
	if (id != NULL)
		crypto_generichash_update(&both, (const unsigned char *)id, strlen(id));
	crypto_generichash_final(&both, binding_r, BINDING_BYTES);
}

/* --- noting --- */

/* Appends the text with its NUL; never part of it, since half a login might be someone else's. */
static void
append_text(GByteArray *plain, const char *text)
{
	if (text == NULL || strlen(text) > TEXT_MAX)
		text = "";
	g_byte_array_append(plain, (const guint8 *)text, (guint)strlen(text) + 1);
}

/* Of a client whose name is too long ("NAME [ADDRESS]"), its address, which says whether it is one
 * of ours. */
static const char *
client_that_fits(const char *client)
{
	const char *address = client == NULL ? NULL : strrchr(client, '[');

	return address == NULL || strlen(client) <= TEXT_MAX ? client : address;
}

/* The time as eight bytes, the login, a NUL, the client, a NUL. */
static GByteArray *
plain_note(const struct message *message, gint64 now)
{
	GByteArray *plain = g_byte_array_new();
	gint64 time = GINT64_TO_BE(now);

	g_byte_array_append(plain, (const guint8 *)&time, sizeof time);
	append_text(plain, message->authenticated);
	append_text(plain, client_that_fits(message->client));
	return plain;
}

char *
login_note(const struct message *message, const struct seal_key *key, gint64 now)
{
	g_autoptr(GByteArray) plain = plain_note(message, now);
	size_t length = NONCE_BYTES + plain->len + TAG_BYTES;
	g_autofree unsigned char *sealed = g_malloc(length);
	g_autofree char *text = NULL;
	unsigned char binding[BINDING_BYTES];

	bind_to(message, binding);
	randombytes_buf(sealed, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, plain->data,
						   plain->len, binding, sizeof binding, NULL,
						   sealed, key->bytes);
	text = g_base64_encode(sealed, length);
	return g_strconcat(" ", text, NULL);
}

/* --- recalling --- */

/* NULL if there is no such field, or more than one: the first pass lets only our own through. */
static const char *
only_note(const struct message *message)
{
	const char *found = NULL;

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, LOGIN_FIELD) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = field->value;
	}
	return found;
}

static bool
open_with(GByteArray *plain, const unsigned char *sealed, size_t length,
	  const unsigned char binding[BINDING_BYTES], const struct seal_key *key)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
		       plain->data, NULL, NULL, sealed + NONCE_BYTES, length - NONCE_BYTES, binding,
		       BINDING_BYTES, sealed, key->bytes) == 0;
}

static GByteArray *
open_note(const struct message *message, const struct key_file *keys,
	  unsigned char pass_r[LOGIN_PASS_BYTES])
{
	const char *text = only_note(message);
	size_t length = 0;
	g_autofree unsigned char *sealed = text == NULL ? NULL : g_base64_decode(text, &length);
	g_autoptr(GByteArray) plain = g_byte_array_new();
	unsigned char binding[BINDING_BYTES];
	bool opened = false;

	if (length < NONCE_BYTES + sizeof(gint64) + 2 + TAG_BYTES ||
	    length > NONCE_BYTES + sizeof(gint64) + 2 * (TEXT_MAX + 1) + TAG_BYTES)
		return NULL;
	bind_to(message, binding);
	g_byte_array_set_size(plain, (guint)(length - NONCE_BYTES - TAG_BYTES));
	for (unsigned i = 0; !opened && i < keys->count; i++)
		opened = open_with(plain, sealed, length, binding, &keys->keys[i]);
	if (!opened)
		return NULL;
	crypto_generichash(pass_r, LOGIN_PASS_BYTES, sealed, length, NULL, 0);
	return g_steal_pointer(&plain);
}

static char *
text_or_null(const char *text)
{
	return *text == '\0' ? NULL : g_strdup(text);
}

bool
login_recall(struct message *message, const struct key_file *keys, gint64 now, gint64 lifetime,
	     unsigned char pass_r[LOGIN_PASS_BYTES])
{
	g_autoptr(GByteArray) plain = open_note(message, keys, pass_r);
	const char *login, *client;
	gint64 time;

	if (plain == NULL)
		return false;
	memcpy(&time, plain->data, sizeof time);
	time = GINT64_FROM_BE(time);
	if (time > now + CLOCK_SECONDS || now - time > lifetime)
		return false;
	login = (const char *)plain->data + sizeof time;
	client = login + strlen(login) + 1;
	g_free(message->authenticated);
	message->authenticated = text_or_null(login);
	g_free(message->client);
	message->client = text_or_null(client);
	return true;
}
