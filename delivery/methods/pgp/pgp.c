/* OpenPGP: PGP/MIME (RFC 3156 §4, §6.2). */
#include "core/catalogue.h"
#include "delivery/methods/pgp/client.h"
#include "delivery/methods/pgp/encrypt.h"
#include "delivery/methods/recipient_keys.h"
#include "keystore/openpgp.h"

static bool
all_announce_ocb(const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++)
		if (!openpgp_announces_ocb(
			    ((const struct key *)g_ptr_array_index(keys, i))->content))
			return false;
	return true;
}

static bool
is_possible(const struct delivery_context *delivery, struct copy *copy, bool *possible_r,
	    char **why_r, struct fault *fault)
{
	g_autofree char *origin = NULL, *trust = NULL, *signature = NULL;
	const struct key *first;

	if (!recipient_keys_take(delivery, copy, KEY_PGP, "OpenPGP key", possible_r, why_r, fault))
		return false;
	if (*possible_r && gpg_writes_ocb() && all_announce_ocb(copy->keys)) {
		*possible_r = false;
		g_clear_pointer(&copy->keys, g_ptr_array_unref);
		*why_r = g_strdup(
			"gpg would write OCB packets to this OpenPGP key, which only GnuPG reads "
			"(RFC 9580 §5.13)");
	} else if (*possible_r) {
		first = g_ptr_array_index(copy->keys, 0);
		origin = keystore_origin(first);
		signature = author_reason(delivery, &delivery->pgp_signer);
		trust = recipient_keys_trust(copy);
		*why_r = g_strdup_printf("OpenPGP key %s%s%s%s%s", first->fingerprint,
					 copy->keys->len > 1 ? " and more" : "", origin, trust,
					 signature);
	}
	return true;
}

static GPtrArray *
fields(const struct group *group)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(list, g_strdup("MIME-Version: 1.0"));
	g_ptr_array_add(list, g_strdup_printf("Content-Type: multipart/encrypted;\n"
					      "\tprotocol=\"application/pgp-encrypted\";\n"
					      "\tboundary=\"%s\"",
					      group->boundary));
	return list;
}

static const struct key *
signer(const struct delivery_context *delivery)
{
	return author_key(delivery, &delivery->pgp_signer);
}

static bool
write_body(const struct delivery_context *delivery, const struct group *group, struct sink *sink,
	   struct fault *fault)
{
	if (!recipient_keys_check(group, "OpenPGP key", fault))
		return false;
	return sink_print(sink, fault,
			  "This is an OpenPGP/MIME encrypted message (RFC 3156)\r\n"
			  "--%s\r\n"
			  "Content-Type: application/pgp-encrypted\r\n"
			  "Content-Description: PGP/MIME version identification\r\n"
			  "\r\n"
			  "Version: 1\r\n"
			  "\r\n"
			  "--%s\r\n"
			  "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
			  "Content-Description: OpenPGP encrypted message\r\n"
			  "Content-Disposition: inline; filename=\"encrypted.asc\"\r\n"
			  "\r\n",
			  group->boundary, group->boundary) &&
	       gpg_encrypt(delivery->settings, group, signer(delivery), delivery->message, sink,
			   fault) &&
	       sink_print(sink, fault, "\r\n--%s--\r\n", group->boundary);
}

const struct method method_pgp = {
	.name = "pgp",
	.told = N_("encrypted with OpenPGP"),
	.wish = N_("Encrypted for my OpenPGP key"),
	.carriage = CARRIED_AS_MAIL,
	.in_place_rank = 1,
	.names_keys = true,
	.takes_keys = true,
	.key_kind = KEY_PGP,
	.is_possible = is_possible,
	.fields = fields,
	.write = write_body,
	.signer = signer,
};
