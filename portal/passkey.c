#include "portal/passkey.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "core/cleanup.h"
#include "portal/authenticator_data.h"
#include "portal/web/base64url.h"

enum { HASH_BYTES = crypto_hash_sha256_BYTES, FLAG_PRESENT = 1 };

static void
free_assertion(fido_assert_t **assertion)
{
	fido_assert_free(assertion);
}

static void
free_credential(fido_cred_t **credential)
{
	fido_cred_free(credential);
}

void
passkey_clear(struct passkey *passkey)
{
	g_clear_pointer(&passkey->credential, g_bytes_unref);
	g_clear_pointer(&passkey->public_key, g_bytes_unref);
}

char *
passkey_host(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);

	return g_strdup(uri == NULL || g_uri_get_host(uri) == NULL ? "" : g_uri_get_host(uri));
}

/* What the browser says it was asked for: type, challenge and origin must be ours. */
static bool
client_data_fits(const struct passkey_place *place, GBytes *client_data, const char *type)
{
	gsize length;
	const char *text = g_bytes_get_data(client_data, &length);
	g_autoptr(json_t) json =
		text == NULL ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	g_autofree char *challenge = base64url_text(place->challenge, PASSKEY_CHALLENGE_BYTES);
	const char *said_type = json_string_value(json_object_get(json, "type"));
	const char *said_challenge = json_string_value(json_object_get(json, "challenge"));
	const char *said_origin = json_string_value(json_object_get(json, "origin"));

	return said_type != NULL && said_challenge != NULL && said_origin != NULL &&
	       strcmp(said_type, type) == 0 && strcmp(said_challenge, challenge) == 0 &&
	       strcmp(said_origin, place->url) == 0;
}

/* It begins with the SHA-256 of the host (§6.1), and may be decoded. */
static bool
authenticator_data_fits(const struct passkey_place *place, GBytes *authenticator_data)
{
	gsize length;
	const unsigned char *bytes = g_bytes_get_data(authenticator_data, &length);
	g_autofree char *host = passkey_host(place->url);
	unsigned char hash[HASH_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)host, strlen(host));
	return authenticator_data_is_modest(bytes, length) && memcmp(bytes, hash, HASH_BYTES) == 0;
}

static bool
take_credential(const fido_cred_t *credential, struct passkey *passkey_r)
{
	size_t id_length = fido_cred_id_len(credential),
	       key_length = fido_cred_pubkey_len(credential);

	if (id_length == 0 || key_length == 0 || (fido_cred_flags(credential) & FLAG_PRESENT) == 0)
		return false;
	passkey_r->credential = g_bytes_new(fido_cred_id_ptr(credential), id_length);
	passkey_r->public_key = g_bytes_new(fido_cred_pubkey_ptr(credential), key_length);
	passkey_r->algorithm = fido_cred_type(credential);
	passkey_r->counter = fido_cred_sigcount(credential);
	return true;
}

bool
passkey_register(const struct passkey_place *place, const char *client_data,
		 const char *authenticator_data, struct passkey *passkey_r)
{
	static const int algorithms[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
	g_autoptr(GBytes) client = base64url_bytes(client_data);
	g_autoptr(GBytes) data = base64url_bytes(authenticator_data);

	*passkey_r = (struct passkey){0};
	if (!client_data_fits(place, client, "webauthn.create") ||
	    !authenticator_data_fits(place, data))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		fido_cred_t *credential __attribute__((cleanup(free_credential))) = fido_cred_new();

		if (credential != NULL &&
		    fido_cred_set_type(credential, algorithms[i]) == FIDO_OK &&
		    fido_cred_set_authdata_raw(credential, g_bytes_get_data(data, NULL),
					       g_bytes_get_size(data)) == FIDO_OK)
			return take_credential(credential, passkey_r);
	}
	return false;
}

static bool
signature_is_right(const fido_assert_t *assertion, const struct passkey *passkey)
{
	gsize length;
	const void *bytes = g_bytes_get_data(passkey->public_key, &length);
	es256_pk_t *es256 = es256_pk_new();
	rs256_pk_t *rs256 = rs256_pk_new();
	eddsa_pk_t *eddsa = eddsa_pk_new();
	int right = FIDO_ERR_INTERNAL;

	if (passkey->algorithm == COSE_ES256 && es256_pk_from_ptr(es256, bytes, length) == FIDO_OK)
		right = fido_assert_verify(assertion, 0, COSE_ES256, es256);
	if (passkey->algorithm == COSE_RS256 && rs256_pk_from_ptr(rs256, bytes, length) == FIDO_OK)
		right = fido_assert_verify(assertion, 0, COSE_RS256, rs256);
	if (passkey->algorithm == COSE_EDDSA && eddsa_pk_from_ptr(eddsa, bytes, length) == FIDO_OK)
		right = fido_assert_verify(assertion, 0, COSE_EDDSA, eddsa);
	es256_pk_free(&es256);
	rs256_pk_free(&rs256);
	eddsa_pk_free(&eddsa);
	return right == FIDO_OK;
}

/* A counter that does not increase means that the key was copied; keys without a counter always say
 * 0 (§6.1.1). */
static bool
counter_moves(struct passkey *passkey, uint32_t counter)
{
	if (counter == 0 && passkey->counter == 0)
		return true;
	if (counter <= passkey->counter)
		return false;
	passkey->counter = counter;
	return true;
}

bool
passkey_verify(const struct passkey_place *place, struct passkey *passkey, const char *client_data,
	       const char *authenticator_data, const char *signature)
{
	g_autoptr(GBytes) client = base64url_bytes(client_data);
	g_autoptr(GBytes) data = base64url_bytes(authenticator_data);
	g_autoptr(GBytes) signed_by = base64url_bytes(signature);
	g_autofree char *host = passkey_host(place->url);
	fido_assert_t *assertion __attribute__((cleanup(free_assertion))) = fido_assert_new();

	return client_data_fits(place, client, "webauthn.get") &&
	       authenticator_data_fits(place, data) &&
	       fido_assert_set_clientdata(assertion, g_bytes_get_data(client, NULL),
					  g_bytes_get_size(client)) == FIDO_OK &&
	       fido_assert_set_rp(assertion, host) == FIDO_OK &&
	       fido_assert_set_count(assertion, 1) == FIDO_OK &&
	       fido_assert_set_authdata_raw(assertion, 0, g_bytes_get_data(data, NULL),
					    g_bytes_get_size(data)) == FIDO_OK &&
	       fido_assert_set_sig(assertion, 0, g_bytes_get_data(signed_by, NULL),
				   g_bytes_get_size(signed_by)) == FIDO_OK &&
	       fido_assert_set_up(assertion, FIDO_OPT_TRUE) == FIDO_OK &&
	       signature_is_right(assertion, passkey) &&
	       counter_moves(passkey, fido_assert_sigcount(assertion, 0));
}
