/* What the packets of a key say. The key was made by GnuPG 2.4.7; fingerprint and preferences are
 * as gpg prints them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "keystore/openpgp.h"

#define BASE64                                                                                     \
	"mDMEawgTGRYJKwYBBAHaRw8BAQdAU7DnFZXI6yo5ZErzswB4dgN3E8w+yDMadxsE\n"                       \
	"NcRRqOa0DW9jYkB4LmV4YW1wbGWIkwQTFgoAOxYhBL17D80ijV4GiR+iNeFeVLrW\n"                       \
	"ADznBQJrCBMZAhsDBQsJCAcCAiICBhUKCQgLAgQWAgMBAh4HAheAAAoJEOFeVLrW\n"                       \
	"ADznedYBAOLYD1VEDzViSC6tBjoCiA6Q09e2QhHiqGx9al7sKqZJAQDnNkJQYDvy\n"                       \
	"vGg0ioXtM6S+91ITTM3TqWdK8VV89hmzB7g4BGsIExkSCisGAQQBl1UBBQEBB0BG\n"                       \
	"iFSwIZnALNtOm/p21bOYD/2sXz49qS6XomDnuJzQdwMBCAeIeAQYFgoAIBYhBL17\n"                       \
	"D80ijV4GiR+iNeFeVLrWADznBQJrCBMZAhsMAAoJEOFeVLrWADznt34A/2nyqtuK\n"                       \
	"2+Wy3n3+sA/ZXrfjPuNptbSq/C/pMzmbbJjpAP98L8TGGM6U4RtdHqRylfGv0O6o\n"                       \
	"JWzHis/Lt+iaFfWZCw==\n"

static const char armoured[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: a header\n\n" BASE64
			       "=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n";

static GBytes *
key(void)
{
	g_autoptr(GBytes) text = g_bytes_new_static(armoured, strlen(armoured));

	return openpgp_unarmoured(text);
}

static void
fingerprint_is_what_gpg_prints(void **state)
{
	g_autoptr(GBytes) bytes = key();
	g_autofree char *fingerprint = openpgp_fingerprint(bytes);

	(void)state;
	assert_string_equal(fingerprint, "BD7B0FCD228D5E06891FA235E15E54BAD6003CE7");
}

static void
preferred_ciphers_are_those_of_the_self_signature(void **state)
{
	g_autoptr(GBytes) bytes = key();

	(void)state;
	assert_int_equal(openpgp_ciphers(bytes),
			 1 << OPENPGP_AES128 | 1 << OPENPGP_AES192 | 1 << OPENPGP_AES256);
	assert_true(openpgp_announces_ocb(bytes));
}

static void
well_signed_user_ids_are_told(void **state)
{
	static const unsigned char id[] = {0xe1, 0x5e, 0x54, 0xba, 0xd6, 0x00, 0x3c, 0xe7};
	static const unsigned char other[8] = {0};
	g_autoptr(GBytes) bytes = key();
	g_autoptr(GPtrArray) user_ids = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *why = NULL;
	gsize length;
	const unsigned char *packets = g_bytes_get_data(bytes, &length);

	(void)state;
	assert_null(openpgp_weak_signatures(packets, length, id, user_ids));
	assert_int_equal(user_ids->len, 1);
	assert_string_equal(g_ptr_array_index(user_ids, 0), "ocb@x.example");
	g_ptr_array_set_size(user_ids, 0);
	why = openpgp_weak_signatures(packets, length, other,
				      user_ids); /* signed by someone else */
	assert_non_null(why);
	assert_int_equal(user_ids->len, 0);
}

static GBytes *
joined(GBytes *one, GBytes *other)
{
	GByteArray *both = g_byte_array_new();
	gsize length;
	const guint8 *data = g_bytes_get_data(one, &length);

	g_byte_array_append(both, data, (guint)length);
	data = g_bytes_get_data(other, &length);
	g_byte_array_append(both, data, (guint)length);
	return g_byte_array_free_to_bytes(both);
}

/* A Web Key Directory served a key with the attacker's user ID beside that of the victim. */
static void
user_ids_of_others_are_left_out(void **state)
{
	/* RFC 9580 §4.2.1: a user ID (tag 13) in the new format */
	static const unsigned char stranger[] = {0xcd, 5, 'a', '@', 'b', '.', 'c'};
	g_autoptr(GBytes) bytes = key();
	g_autoptr(GBytes) more = g_bytes_new_static(stranger, sizeof stranger);
	g_autoptr(GBytes) mixed = joined(bytes, more), twice = joined(mixed, bytes);
	g_autoptr(GBytes) own = openpgp_only_for(mixed, "ocb@x.example");
	g_autoptr(GBytes) both = openpgp_only_for(twice, "ocb@x.example");
	g_autoptr(GBytes) none = openpgp_only_for(mixed, "x@ocb.example");
	g_autoptr(GBytes) unsaid = openpgp_only_for(more, "a@b.c");

	(void)state;
	assert_true(g_bytes_equal(own, bytes));
	assert_int_equal(g_bytes_get_size(both), 2 * g_bytes_get_size(bytes));
	assert_int_equal(g_bytes_get_size(none), 0);
	assert_int_equal(g_bytes_get_size(unsaid), 0); /* without a key, a user ID is nothing */
}

/* A packet in the new format (RFC 9580 §4.2.1) with a version 4 key of this algorithm and two
 * numbers (§3.2) of so many bits, all of them set. */
static GBytes *
key_with_numbers(unsigned char tag, unsigned char algorithm, unsigned first, unsigned second)
{
	GByteArray *body = g_byte_array_new(), *packet = g_byte_array_new();
	const unsigned char head[] = {4, 0x60, 0, 0, 0, algorithm};
	const unsigned bits[] = {first, second};
	unsigned char mark[] = {(unsigned char)(0xc0 | tag), 0xff, 0, 0, 0, 0};

	g_byte_array_append(body, head, sizeof head);
	for (int i = 0; i < 2; i++) {
		const unsigned char count[] = {(unsigned char)(bits[i] >> 8),
					       (unsigned char)bits[i]};
		const guint at = body->len + 2, length = (bits[i] + 7) / 8;

		g_byte_array_append(body, count, 2);
		g_byte_array_set_size(body, at + length);
		memset(body->data + at, 0xff, length);
		body->data[at] = (unsigned char)(0xff >> (length * 8 - bits[i]));
	}
	mark[4] = (unsigned char)(body->len >> 8);
	mark[5] = (unsigned char)body->len;
	g_byte_array_append(packet, mark, sizeof mark);
	g_byte_array_append(packet, body->data, body->len);
	g_byte_array_unref(body);
	return g_byte_array_free_to_bytes(packet);
}

/* Four mails with RSA keys whose exponent had 16384 bits kept gpg busy for two minutes. */
static void
vast_numbers_are_recognised(void **state)
{
	static const struct {
		unsigned char tag, algorithm;
		unsigned first, second;
		bool is_laborious;
	} cases[] = {
		{6, 1, 16384, 17, false},   {6, 1, 4096, 64, false},   {6, 1, 4096, 65, true},
		{6, 1, 16384, 16384, true}, {14, 3, 2048, 2048, true}, {5, 1, 2048, 2048, true},
		{6, 17, 3072, 256, false},  {6, 17, 16384, 256, true}, {14, 17, 3072, 3072, true},
		{6, 16, 4096, 4096, false}, /* Elgamal, which signs nothing: the generator */
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) vast = key_with_numbers(cases[i].tag, cases[i].algorithm,
							  cases[i].first, cases[i].second);
		g_autoptr(GBytes) good = key();
		g_autoptr(GBytes) both = joined(good, vast);

		assert_int_equal(openpgp_is_laborious(vast), cases[i].is_laborious);
		assert_int_equal(openpgp_is_laborious(both), cases[i].is_laborious);
		assert_false(openpgp_is_laborious(good));
	}
}

/* Cut off anywhere, or with any byte changed, nothing is read beyond the end. */
static void
broken_packets_tell_nothing_and_harm_nothing(void **state)
{
	g_autoptr(GBytes) bytes = key();
	gsize length;
	const unsigned char *packets = g_bytes_get_data(bytes, &length);

	(void)state;
	for (gsize cut = 0; cut < length; cut++) {
		g_autofree unsigned char *copy = g_memdup2(packets, cut + 1);
		g_autoptr(GBytes) broken = g_bytes_new(copy, cut);
		g_autofree char *fingerprint = openpgp_fingerprint(broken),
				*revoked = openpgp_revoked(broken);

		(void)fingerprint; /* of the first packets only, whatever it is */
		assert_null(revoked);
		openpgp_ciphers(broken);
		copy[cut] ^= 0xff;
		g_clear_pointer(&broken, g_bytes_unref);
		broken = g_bytes_new(copy, cut + 1);
		openpgp_ciphers(broken);
		g_bytes_unref(openpgp_only_for(broken, "ocb@x.example"));
		openpgp_is_laborious(broken);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprint_is_what_gpg_prints),
		cmocka_unit_test(preferred_ciphers_are_those_of_the_self_signature),
		cmocka_unit_test(well_signed_user_ids_are_told),
		cmocka_unit_test(user_ids_of_others_are_left_out),
		cmocka_unit_test(vast_numbers_are_recognised),
		cmocka_unit_test(broken_packets_tell_nothing_and_harm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
