/* The packet that gpg wrote is recognised in its output. Both texts were written by GnuPG 2.4.7, to
 * a key that announces OCB and to one that does not; the expected values are those of `gpg
 * --list-packets`. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "delivery/methods/pgp/first_packets.h"

#define ARMOUR(base64) "-----BEGIN PGP MESSAGE-----\n\n" base64 "=AAAA\n-----END PGP MESSAGE-----\n"

static const char ocb[] =
	ARMOUR("hF4DmvDvfvHKoa4SAQdAGUXizaKWqJOHxQpmPVmBC01j6O6EF5hXY97U4I521xww\n"
	       "C41Wy/okNH/f1T6Xni+ZTBKLj4DOE87OmZ4LY9XjMz7Rl0KMfs9N2CAArRMXFt/P\n"
	       "1EkBCQIQI9cCwHqjibvkhAfhhynHMZlTlh7dC+xM3ZatInwF4McHmOkpYsYvuCiP\n"
	       "9TTNHaurSUDzZZZfW1er7jTCOgjKJGoJqGmC\n");
static const char seipd[] =
	ARMOUR("hF4DIPvRVlN+UsMSAQdAfFAdGq8T/oUq6/1D+PvPUKvcT6lkLQVIXk96wwJ3/VMw\n"
	       "f3fv0ccNAIw3SR9OzsbBXoE0/YaKwjNdZePwrvxC6DbeV8Rp4orBhOEd11r1yYDE\n"
	       "0j8BeOPTU9pGSyQ3UgBXF2MhElGXAE3J4UQf5OZlF0o2fIMlL4DWhWZsuxpPVEGg\n"
	       "MUdPWpVpF1tDhZq8ibJaP70=\n");

static unsigned
tag_in_pieces(const char *armour, size_t piece)
{
	struct first_packets first = {0};
	size_t length = strlen(armour);

	for (size_t at = 0; at < length; at += piece)
		first_packets_take(&first, armour + at, MIN(piece, length - at));
	return first.tag;
}

static void
packets_are_told_apart_whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof ocb; piece++) {
		assert_int_equal(tag_in_pieces(ocb, piece), 20);
		assert_int_equal(tag_in_pieces(seipd, piece), PACKET_SEIPD);
	}
}

static void
what_is_no_packet_is_never_taken_for_one(void **state)
{
	static const char *const nonsense[] = {
		"", "\n\n", ARMOUR(""), ARMOUR("AAAA"), ARMOUR("////"), "hF4DmvDvfvHKoa4S"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++)
		assert_int_not_equal(tag_in_pieces(nonsense[i], 1), PACKET_SEIPD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_told_apart_whatever_the_pieces),
		cmocka_unit_test(what_is_no_packet_is_never_taken_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
