#include "keystore/key.h"

#include <sodium.h>

struct key *
key_new(enum key_kind kind)
{
	struct key *key = g_new0(struct key, 1);

	key->references = 1;
	key->kind = kind;
	return key;
}

struct key *
key_ref(struct key *key)
{
	g_atomic_int_inc(&key->references);
	return key;
}

void
key_unref(struct key *key)
{
	if (key == NULL || !g_atomic_int_dec_and_test(&key->references))
		return;
	g_free(key->fingerprint);
	g_free(key->owner);
	g_free(key->cannot_encrypt);
	g_free(key->cannot_sign);
	g_free(key->authority);
	g_free(key->checked);
	g_free(key->gateway);
	g_clear_pointer(&key->content, g_bytes_unref);
	X509_free(key->certificate);
	sk_X509_pop_free(key->chain, X509_free);
	EVP_PKEY_free(key->private_key);
	g_free(key);
}

const char *
key_kind_name(enum key_kind kind)
{
	return kind == KEY_SMIME ? "smime" : "pgp";
}

char *
key_date(time_t when)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(when);

	return date == NULL ? g_strdup("?") : g_date_time_format(date, "%Y-%m-%d");
}

static bool
is_too_early(const struct key *key, time_t now)
{
	return key->not_before != 0 && now < key->not_before;
}

static time_t
end_of(const struct key *key, enum key_use use)
{
	return use == KEY_SIGNS ? key->signs_until : key->not_after;
}

static bool
is_too_late(const struct key *key, enum key_use use, time_t now)
{
	return end_of(key, use) != 0 && now >= end_of(key, use);
}

bool
key_is_in_time(const struct key *key, enum key_use use, time_t now)
{
	return !is_too_early(key, now) && !is_too_late(key, use, now);
}

bool
key_is_usable(const struct key *key, enum key_use use, time_t now, char **why_r)
{
	const char *never = use == KEY_SIGNS ? key->cannot_sign : key->cannot_encrypt;
	g_autofree char *why = NULL, *date = NULL;
	bool usable;

	if (never != NULL) {
		why = g_strdup(never);
	} else if (is_too_early(key, now)) {
		date = key_date(key->not_before);
		why = g_strdup_printf("not valid before %s", date);
	} else if (is_too_late(key, use, now)) {
		date = key_date(end_of(key, use));
		why = g_strdup_printf("expired on %s", date);
	}
	usable = why == NULL;
	if (why_r != NULL)
		*why_r = g_steal_pointer(&why);
	return usable;
}

const char *
key_lapse(const struct key *key, time_t now)
{
	if (key->is_revoked ||
	    (key->cannot_encrypt != NULL && g_str_has_prefix(key->cannot_encrypt, KEY_REVOKED)))
		return "revoked";
	return key->cannot_encrypt == NULL && is_too_late(key, KEY_ENCRYPTS, now) ? "expired"
										  : NULL;
}

struct secret {
	unsigned char *bytes;
	size_t length;
};

static void
wipe(gpointer data)
{
	struct secret *secret = data;

	sodium_memzero(secret->bytes, secret->length);
	g_free(secret->bytes);
	g_free(secret);
}

GBytes *
key_secret_bytes(unsigned char *bytes, size_t length)
{
	struct secret *secret = g_new(struct secret, 1);

	secret->bytes = bytes;
	secret->length = length;
	return g_bytes_new_with_free_func(bytes, length, wipe, secret);
}

void
key_pass_over(GString *passed_over, const struct key *key, const char *why)
{
	g_string_append_printf(passed_over, "%s%.16s: %s", passed_over->len > 0 ? "; " : "",
			       key->fingerprint, why);
}
