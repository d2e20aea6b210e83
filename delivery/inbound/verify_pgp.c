/* Signatures with OpenPGP, checked by gpg with the keys that are known of the author. */
#include <string.h>

#include "delivery/inbound/carried.h"
#include "delivery/inbound/verify.h"
#include "delivery/methods/pgp/decrypt.h"
#include "keystore/openpgp.h"
#include "keystore/trusted.h"
#include "mail/clear_signed.h"
#include "mail/mime_stream.h"
#include "mail/signed_part.h"

enum { SIGNATURE_BYTES_MAX = 64 * 1024, PIECE_BYTES = 16384 };

GPtrArray *
verify_pgp_none(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)pgp_signature_free);
}

static bool
add_known(const struct delivery_context *delivery, GPtrArray *authors, struct fault *fault)
{
	g_autoptr(GPtrArray) known =
		keystore_known(delivery->keystore, KEY_PGP, delivery->from, fault);

	for (guint i = 0; known != NULL && i < known->len; i++)
		g_ptr_array_add(authors,
				g_bytes_ref(((struct key *)g_ptr_array_index(known, i))->content));
	return known != NULL;
}

static bool
add_carried(const struct delivery_context *delivery, struct parts *parts, GPtrArray *authors,
	    struct fault *fault)
{
	g_autoptr(GPtrArray) carried = carried_find(delivery, parts, fault);

	for (guint i = 0; carried != NULL && i < carried->len; i++)
		g_ptr_array_add(
			authors,
			g_bytes_ref(
				((struct carried_key *)g_ptr_array_index(carried, i))->content));
	return carried != NULL;
}

bool
verify_pgp_authors(const struct delivery_context *delivery, struct parts *parts,
		   GPtrArray **authors_r, struct fault *fault)
{
	*authors_r = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return delivery->from == NULL || (add_known(delivery, *authors_r, fault) &&
					  add_carried(delivery, parts, *authors_r, fault));
}

/* --- what they are worth --- */

/* Why the key may not speak for its owner, or NULL. */
static const char *
complaint_of(const struct pgp_signature *signature, const struct key *key)
{
	if (signature->state == PGP_EXPIRED)
		return "it has expired";
	if (signature->state == PGP_KEY_EXPIRED)
		return "its key has expired";
	if (signature->state == PGP_KEY_REVOKED ||
	    (key->cannot_encrypt != NULL && g_str_has_prefix(key->cannot_encrypt, KEY_REVOKED)))
		return "its key was revoked";
	return signature->is_weak ? "its digest is too weak (RFC 9580 §9.5)" : NULL;
}

static const struct key *
key_of(const GPtrArray *known, const struct pgp_signature *signature)
{
	for (guint i = 0; signature->fingerprint != NULL && i < known->len; i++) {
		const struct key *key = g_ptr_array_index(known, i);

		if (strcmp(key->fingerprint, signature->fingerprint) == 0)
			return key;
	}
	return NULL;
}

/* A key that came with a mail, or from a key server where anybody may put one, proves nothing about
 * the author: somebody else has to say whose it is. */
static bool
judge_key(const struct key *key, const struct delivery_context *delivery, const char *reader,
	  struct signature *signature_r, struct fault *fault)
{
	const struct trusted_question question = {.sender = reader,
						  .address = delivery->from,
						  .colleagues =
							  delivery->settings->trust_colleagues};
	g_autoptr(connection_auto) connection = database_take(delivery->database, fault);
	g_autofree char *why = NULL;
	enum trust_level level;

	if (connection == NULL || !trusted_level(connection, &question, key, &level, fault))
		return false;
	if (level < TRUST_DOMAIN) {
		why = g_strdup_printf("nobody vouches for its key: the level of trust is %s",
				      trust_level_name(level));
		return signature_say(signature_r, SIGNATURE_POLICY, why);
	}
	signature_r->address = g_strdup(delivery->from);
	return signature_say(signature_r, SIGNATURE_PASS, NULL);
}

static bool
judge_one(const struct pgp_signature *signature, const GPtrArray *known,
	  const struct delivery_context *delivery, const char *reader,
	  struct signature *signature_r, struct fault *fault)
{
	const struct key *key = key_of(known, signature);
	const char *complaint = key == NULL ? NULL : complaint_of(signature, key);

	if (signature->state == PGP_UNREADABLE)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, "it cannot be read");
	if (key == NULL)
		return signature_say(signature_r, SIGNATURE_NEUTRAL,
				     "its key is not known as one of the author's");
	signature_r->fingerprint = g_strdup(key->fingerprint);
	if (complaint != NULL)
		return signature_say(signature_r, SIGNATURE_POLICY, complaint);
	return judge_key(key, delivery, reader, signature_r, fault);
}

static bool
is_any_bad(const GPtrArray *signatures)
{
	for (guint i = 0; i < signatures->len; i++)
		if (((const struct pgp_signature *)g_ptr_array_index(signatures, i))->state ==
		    PGP_BAD)
			return true;
	return false;
}

/* People sign with an old and a new key at once: one that is known is enough. */
bool
verify_pgp_judge(const GPtrArray *signatures, const struct delivery_context *delivery,
		 const char *reader, struct signature *signature_r, struct fault *fault)
{
	g_autoptr(GPtrArray) known = NULL;
	bool done = true;

	signature_r->kind = KEY_PGP;
	if (is_any_bad(signatures))
		return signature_say(signature_r, SIGNATURE_FAIL,
				     "the message is not what was signed");
	if (delivery->from == NULL)
		return signature_say(signature_r, SIGNATURE_POLICY,
				     "From does not name one author");
	if (signatures->len == 0)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, "it cannot be read");
	known = keystore_known(delivery->keystore, KEY_PGP, delivery->from, fault);
	if (known == NULL)
		return false;
	for (guint i = 0; i < signatures->len && done && signature_r->worth != SIGNATURE_PASS;
	     i++) {
		struct signature one = {.kind = KEY_PGP};

		done = judge_one(g_ptr_array_index(signatures, i), known, delivery, reader, &one,
				 fault);
		if (done &&
		    (signature_r->worth == SIGNATURE_NONE || one.worth < signature_r->worth)) {
			signature_clear(signature_r);
			*signature_r = one;
		} else {
			signature_clear(&one);
		}
	}
	return done;
}

/* --- looking for them --- */

static void
add_state(GPtrArray *signatures, enum pgp_state state)
{
	struct pgp_signature *signature = g_new0(struct pgp_signature, 1);

	signature->state = state;
	g_ptr_array_add(signatures, signature);
}

/* Once for all readers. `signature` NULL: the text has it. */
static bool
look_for(struct sealed *sealed, const struct delivery_context *delivery, const struct spool *text,
	 GBytes *signature, struct fault *fault)
{
	g_autoptr(GPtrArray) signatures = verify_pgp_none();
	g_autoptr(GPtrArray) authors = NULL;

	if (!verify_pgp_authors(delivery, sealed->parts, &authors, fault))
		return false;
	if (authors->len == 0) {
		add_state(signatures, PGP_KEY_UNKNOWN);
	} else if (!gpg_verify(delivery->settings, authors, text, signature, signatures, fault)) {
		if (fault->cause != FAULT_INPUT)
			return false;
		add_state(signatures, PGP_UNREADABLE);
	}
	sealed->signatures = g_steal_pointer(&signatures);
	return true;
}

static bool
copy_stream(GMimeStream *stream, struct spool *spool, struct fault *fault)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	bool copied = true;
	ssize_t got;

	while (copied && (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		copied = spool_append(spool, piece, (size_t)got, fault);
	return copied;
}

/* --- PGP/MIME --- */

bool
verify_pgp_is_signature(GMimeObject *part)
{
	return GMIME_IS_PART(part) &&
	       g_mime_content_type_is_type(g_mime_object_get_content_type(part), "application",
					   "pgp-signature");
}

/* The packets; NULL if they are not signatures alone: gpg would take what is in a signed message
 * for what was signed. */
static GBytes *
unarmoured_signatures(const char *armor, gsize length)
{
	g_autoptr(GBytes) block = g_bytes_new(armor, length);
	g_autoptr(GBytes) packets = openpgp_unarmoured(block);

	return openpgp_are_signatures(packets) ? g_steal_pointer(&packets) : NULL;
}

static GBytes *
read_signature(GMimePart *part)
{
	GMimeStream *stream = mime_stream_of_part(part);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *piece = g_malloc(PIECE_BYTES);
	const char *begin;
	ssize_t got;

	while (text->len <= SIGNATURE_BYTES_MAX &&
	       (got = g_mime_stream_read(stream, piece, PIECE_BYTES)) > 0)
		g_string_append_len(text, piece, got);
	g_object_unref(stream);
	if (text->len > SIGNATURE_BYTES_MAX)
		return NULL;
	begin = strstr(text->str, "-----BEGIN PGP SIGNATURE-----");
	if (begin == NULL)
		return unarmoured_signatures(text->str, text->len);
	g_string_erase(text, 0, begin - text->str);
	g_string_replace(text, "\r\n", "\n", 0);
	return unarmoured_signatures(text->str, text->len);
}

static bool
copy_signed_part(struct sealed *sealed, GMimeObject *root, struct spool *text, bool *found_r,
		 struct fault *fault)
{
	const char *boundary = g_mime_object_get_content_type_parameter(root, "boundary");
	struct spool_part part;

	*found_r = false;
	if (boundary == NULL)
		return true;
	return signed_part_find(sealed->message, boundary, &part, found_r, fault) &&
	       (!*found_r || spool_part_copy(&part, spool_sink(text), fault));
}

bool
verify_pgp_detached(struct sealed *sealed, const struct delivery_context *delivery,
		    const char *reader, struct signature *signature_r, struct fault *fault)
{
	GMimeObject *root = parts_root(sealed->parts, fault);
	g_autoptr(spool_auto) text = spool_new(delivery->variants);
	g_autoptr(GBytes) signature = NULL;
	bool found;

	if (root == NULL)
		return false;
	signature_r->kind = KEY_PGP;
	signature = read_signature(GMIME_PART(g_mime_multipart_get_part(GMIME_MULTIPART(root), 1)));
	if (signature == NULL)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, "it cannot be read");
	if (!copy_signed_part(sealed, root, text, &found, fault))
		return false;
	if (!found)
		return signature_say(signature_r, SIGNATURE_NEUTRAL, SIGNED_WITH_OTHERS);
	return (sealed->signatures != NULL || look_for(sealed, delivery, text, signature, fault)) &&
	       verify_pgp_judge(sealed->signatures, delivery, reader, signature_r, fault);
}

/* --- in clear --- */

/* Nothing signed says what the bytes of the text stand for: it must be what they look like. */
static bool
is_plain_charset(GMimeObject *root)
{
	static const char *const beginnings[] = {"us-ascii",	"utf-8",  "iso-8859-",
						 "windows-125", "koi8-r", NULL};
	const char *charset = g_mime_object_get_content_type_parameter(root, "charset");

	if (charset == NULL)
		return true;
	for (const char *const *each = beginnings; *each != NULL; each++)
		if (g_ascii_strncasecmp(charset, *each, strlen(*each)) == 0)
			return true;
	return false;
}

bool
verify_pgp_clear(struct sealed *sealed, const struct delivery_context *delivery, const char *reader,
		 struct signature *signature_r, struct fault *fault)
{
	GMimeObject *root = parts_root(sealed->parts, fault);
	g_autoptr(spool_auto) text = spool_new(delivery->variants);
	g_autoptr(GString) armor = g_string_new(NULL);
	g_autoptr(GBytes) signature = NULL;
	enum clear_signed is_signed;
	GMimeStream *stream;
	bool copied;

	if (root == NULL)
		return false;
	stream = mime_stream_of_part(GMIME_PART(root));
	is_signed = clear_signed_find(stream, armor);
	g_object_unref(stream);
	if (is_signed == CLEAR_SIGNED_NOT)
		return true;
	signature_r->kind = KEY_PGP;
	signature = unarmoured_signatures(armor->str, armor->len);
	if (is_signed == CLEAR_SIGNED_PART || signature == NULL || !is_plain_charset(root))
		return signature_say(signature_r, SIGNATURE_NEUTRAL, SIGNED_WITH_OTHERS);
	stream = mime_stream_of_part(GMIME_PART(root));
	copied = copy_stream(stream, text, fault);
	g_object_unref(stream);
	return copied && parts_are_good(sealed->parts, fault) &&
	       (sealed->signatures != NULL || look_for(sealed, delivery, text, NULL, fault)) &&
	       verify_pgp_judge(sealed->signatures, delivery, reader, signature_r, fault);
}
