/* OpenPGP (RFC 9580): PGP/MIME (RFC 3156), also as Exchange mangles it, and armor as the whole
 * text.
 */
#include <string.h>

#include "delivery/inbound/open.h"
#include "delivery/inbound/verify.h"
#include "delivery/methods/pgp/decrypt.h"
#include "mail/armor.h"
#include "mail/entity_sink.h"
#include "mail/mime_stream.h"

static const char no_use[] = "it could not be decrypted";

/* --- what is encrypted --- */

/* The last part of a multipart, or the only one (mail/protection.h). */
static GMimePart *
sealed_part(GMimeObject *root)
{
	int last = GMIME_IS_MULTIPART(root) ? g_mime_multipart_get_count(GMIME_MULTIPART(root)) - 1
					    : 0;

	return GMIME_IS_MULTIPART(root)
		       ? GMIME_PART(g_mime_multipart_get_part(GMIME_MULTIPART(root), last))
		       : GMIME_PART(root);
}

/* What gpg would make of the armor is not asked: it needs the checksum that RFC 9580 §6.1 advises
 * against. *is_one_r: it is one message, not several in a row. */
static bool
take_packets(GMimePart *part, struct spool *spool, bool *is_one_r, struct fault *fault)
{
	GMimeStream *stream = mime_stream_of_part(part);

	*is_one_r = armor_take_encrypted(stream, spool_sink(spool), fault);
	g_object_unref(stream);
	return *is_one_r || fault->cause == FAULT_INPUT;
}

/* --- decrypting --- */

struct digesting_sink {
	struct sink sink;
	struct sink *next;
	crypto_generichash_state state;
};

static bool
digest_and_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct digesting_sink *digesting = (struct digesting_sink *)sink;

	crypto_generichash_update(&digesting->state, data, length);
	return sink_write(digesting->next, data, length, fault);
}

/* Armor as text has no header of its own: its text is that of the message. */
static bool
write_own_header(const struct sealed *sealed, struct sink *sink, struct fault *fault)
{
	GMimeObject *root = parts_root(sealed->parts, fault);
	const char *charset =
		root == NULL ? NULL : g_mime_object_get_content_type_parameter(root, "charset");

	if (root == NULL)
		return false;
	if (charset == NULL ||
	    strspn(charset, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789-_.") != strlen(charset) ||
	    g_ascii_strcasecmp(charset, "us-ascii") == 0)
		charset = "utf-8";
	return sink_print(sink, fault,
			  "Content-Type: text/plain; charset=%s\r\n"
			  "Content-Transfer-Encoding: 8bit\r\n\r\n",
			  charset);
}

static bool
decrypt(const struct sealed *sealed, const struct open_request *request, const struct key *key,
	const struct spool *content, struct opening *opening, struct fault *fault)
{
	const struct settings *settings = request->delivery->settings;
	g_autoptr(GPtrArray) authors = NULL;
	struct digesting_sink digesting = {.sink = {.write = digest_and_write}};
	struct entity_sink entity;
	bool done;

	if (!verify_pgp_authors(request->delivery, NULL, &authors, fault))
		return false;
	entity_sink_init(&entity, opening->entity, settings->limit_headers);
	digesting.next = &entity.sink;
	opening->content_key_length = 32;
	crypto_generichash_init(&digesting.state, NULL, 0, 32);
	done = (sealed->kind == SEAL_PGP_MIME || write_own_header(sealed, &entity.sink, fault)) &&
	       gpg_decrypt(settings, key, authors, content, &digesting.sink,
			   opening->inner.signed_within, fault) &&
	       sink_finish(&entity.sink, fault);
	crypto_generichash_final(&digesting.state, opening->content_key, 32);
	entity_sink_clear(&entity);
	return done;
}

/* Two recipients whose keys give the same text share it. */
static void
keep(struct sealed *sealed, struct opening *opening, const struct delivery_context *delivery,
     struct opening **opening_r)
{
	*opening_r = sealed_opening(sealed, opening->content_key, opening->content_key_length);
	if (*opening_r != NULL) {
		opening_free(opening);
		return;
	}
	opening->how = g_strdup("OpenPGP");
	opening_keep(sealed, opening, delivery);
	*opening_r = opening;
}

static bool
open_with(struct sealed *sealed, const struct open_request *request, struct key *key,
	  const struct spool *content, struct opening **opening_r, struct fault *fault)
{
	struct opening *opening = opening_new(request->delivery);

	opening->inner.signed_within = verify_pgp_none();
	if (decrypt(sealed, request, key, content, opening, fault)) {
		g_ptr_array_add(request->keys, key_ref(key));
		keep(sealed, opening, request->delivery, opening_r);
		return true;
	}
	opening_free(opening);
	return fault->cause == FAULT_INPUT || fault->cause == FAULT_TOO_BIG;
}

/* Each of many readers' keys is tried, as it alone shows that the message is for this reader; but
 * whoever sends a large message to all of them may not keep the gateway busy for minutes. */
static bool
is_enough(const struct sealed *sealed, const struct spool *content)
{
	return sealed->opened >= OPEN_PGP_TRIES_MAX &&
	       sealed->opened * spool_size(content) >= OPEN_PGP_BYTES_MAX;
}

static bool
try_keys(struct sealed *sealed, const struct open_request *request, const GPtrArray *keys,
	 const struct spool *content, struct opening **opening_r, struct fault *fault)
{
	for (guint i = 0; i < keys->len && i < OPEN_KEYS_MAX && *opening_r == NULL; i++) {
		if (sealed->tries >= OPEN_PGP_TRIES_MAX || is_enough(sealed, content))
			return true;
		if (!open_with(sealed, request, g_ptr_array_index(keys, i), content, opening_r,
			       fault))
			return false;
		sealed->tries += *opening_r == NULL;
		sealed->opened += *opening_r != NULL;
	}
	return true;
}

bool
open_pgp(struct sealed *sealed, const struct open_request *request, struct opening **opening_r,
	 char **why_r, struct fault *fault)
{
	GMimeObject *root = parts_root(sealed->parts, fault);
	g_autoptr(spool_auto) content = spool_new(request->delivery->variants);
	g_autoptr(GPtrArray) keys = NULL;
	bool is_one = false;

	*opening_r = NULL;
	if (root == NULL || !open_keys(request, KEY_PGP, &keys, fault))
		return false;
	if (keys->len == 0) {
		*why_r = g_strdup("OpenPGP: the recipient has no own key");
		return true;
	}
	if (!take_packets(sealed_part(root), content, &is_one, fault) ||
	    !parts_are_good(sealed->parts, fault))
		return false;
	if (is_one && !try_keys(sealed, request, keys, content, opening_r, fault))
		return false;
	if (*opening_r == NULL)
		*why_r = g_strdup_printf("OpenPGP: %s", no_use);
	return true;
}
