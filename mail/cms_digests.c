#include "mail/cms_digests.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "mail/ber_end.h"

enum { FEW_BYTES = 512, BROKEN = 0x80 };

struct bytes {
	const unsigned char *at;
	long left;
};

/* Moves to the contents of an element, or behind it. */
static bool
move(struct bytes *bytes, int wanted, bool behind)
{
	const unsigned char *contents = bytes->at;
	long length;
	int tag, class, how = ASN1_get_object(&contents, &length, &tag, &class, bytes->left);

	ERR_clear_error();
	if ((how & BROKEN) != 0 || tag != wanted)
		return false;
	bytes->left -= (behind ? length : 0) + (contents - bytes->at);
	bytes->at = contents + (behind ? length : 0);
	return true;
}

static bool
ends_soon(const struct bytes *bytes)
{
	struct ber_end end = {0};

	for (long i = 0; i < bytes->left && i < FEW_BYTES && !end.has_ended; i++)
		ber_end_step(&end, bytes->at + i, 1);
	return ber_end_is_here(&end);
}

bool
cms_digests_are_few(const unsigned char *ber, size_t length)
{
	struct bytes bytes = {ber, (long)length};

	return move(&bytes, V_ASN1_SEQUENCE, false) && move(&bytes, V_ASN1_OBJECT, true) &&
	       move(&bytes, 0, false) && move(&bytes, V_ASN1_SEQUENCE, false) &&
	       move(&bytes, V_ASN1_INTEGER, true) && ends_soon(&bytes);
}
