/* What GPGME does not say about a key, but its packets do (RFC 4880 §4, §5.2). */
#include <openssl/evp.h>
#include <string.h>

#include "core/address.h"
#include "keystore/openpgp.h"

enum {
	TAG_SIGNATURE = 2,
	TAG_SECRET_KEY = 5,
	TAG_PUBLIC_KEY = 6,
	TAG_SECRET_SUBKEY = 7,
	TAG_USER_ID = 13,
	TAG_PUBLIC_SUBKEY = 14,
	TAG_USER_ATTRIBUTE = 17,
	DIGEST_MD5 = 1,
	DIGEST_SHA1 = 2,
	DIGEST_RIPEMD160 = 3,
	SUBPACKET_CREATION = 2,
	SUBPACKET_PREFERRED_CIPHERS = 11,
	SUBPACKET_ISSUER = 16,
	SUBPACKET_FEATURES = 30,
	FEATURE_OCB = 2, /* GnuPG's own; reserved by RFC 9580 §5.2.3.32 */
	SUBPACKET_ISSUER_FINGERPRINT = 33,
	TYPE_CERTIFICATION_FIRST = 0x10,
	TYPE_CERTIFICATION_LAST = 0x13,
	TYPE_SUBKEY_BINDING = 0x18,
	TYPE_KEY_REVOCATION = 0x20,
	FINGERPRINT_BYTES = 20,
};

struct bytes {
	const unsigned char *at;
	size_t left;
};

struct packet {
	unsigned tag;
	struct bytes body;
};

struct signature {
	unsigned type, digest;
	unsigned ciphers; /* bits of openpgp_ciphers() */
	bool ocb;	  /* announced */
	uint32_t created;
	bool has_issuer;
	unsigned char issuer[8];
};

/* What the last user ID or subkey packet was, and the newest self-signature over it. */
struct subject {
	unsigned tag;
	struct bytes body;
	bool is_signed;
	struct signature newest;
};

static bool
take(struct bytes *from, size_t length, struct bytes *taken_r)
{
	if (from->left < length)
		return false;
	*taken_r = (struct bytes){from->at, length};
	from->at += length;
	from->left -= length;
	return true;
}

static bool
take_number(struct bytes *from, size_t length, uint32_t *number_r)
{
	struct bytes taken;

	if (!take(from, length, &taken))
		return false;
	*number_r = 0;
	for (size_t i = 0; i < length; i++)
		*number_r = *number_r << 8 | taken.at[i];
	return true;
}

/* New-format lengths (§4.2.2), which subpackets also use. */
static bool
take_length(struct bytes *from, uint32_t *length_r)
{
	uint32_t first, second;

	if (!take_number(from, 1, &first))
		return false;
	if (first < 192) {
		*length_r = first;
		return true;
	}
	if (first == 255)
		return take_number(from, 4, length_r);
	if (first >= 224 || !take_number(from, 1, &second))
		return false; /* partial lengths are allowed only for data */
	*length_r = ((first - 192) << 8) + second + 192;
	return true;
}

static bool
take_packet(struct bytes *from, struct packet *packet_r)
{
	static const size_t old_lengths[] = {1, 2, 4};
	uint32_t head, length;

	if (!take_number(from, 1, &head) || (head & 0x80) == 0)
		return false;
	if ((head & 0x40) != 0) {
		packet_r->tag = head & 0x3f;
		return take_length(from, &length) && take(from, length, &packet_r->body);
	}
	packet_r->tag = (head >> 2) & 0x0f;
	return (head & 3) < 3 && take_number(from, old_lengths[head & 3], &length) &&
	       take(from, length, &packet_r->body);
}

static unsigned
cipher_bits(struct bytes preferred)
{
	unsigned bits = 0;

	for (size_t i = 0; i < preferred.left; i++)
		if (preferred.at[i] >= OPENPGP_AES128 && preferred.at[i] <= OPENPGP_AES256)
			bits |= 1u << preferred.at[i];
	return bits;
}

static bool
read_subpackets(struct bytes area, bool hashed, struct signature *signature)
{
	while (area.left > 0) {
		uint32_t length, type;
		struct bytes body;

		if (!take_length(&area, &length) || length == 0 || !take_number(&area, 1, &type) ||
		    !take(&area, length - 1, &body))
			return false;
		type &= 0x7f;
		if (type == SUBPACKET_CREATION && !take_number(&body, 4, &signature->created))
			return false;
		if (type == SUBPACKET_PREFERRED_CIPHERS && hashed)
			signature->ciphers = cipher_bits(body);
		if (type == SUBPACKET_FEATURES && hashed && body.left > 0)
			signature->ocb = (body.at[0] & FEATURE_OCB) != 0;
		if ((type == SUBPACKET_ISSUER && body.left == 8) ||
		    (type == SUBPACKET_ISSUER_FINGERPRINT && body.left == 21)) {
			memcpy(signature->issuer, body.at + body.left - 8, 8);
			signature->has_issuer = true;
		}
	}
	return true;
}

static bool
read_signature_3(struct bytes body, struct signature *signature)
{
	uint32_t hashed, key_algorithm;
	struct bytes issuer;

	if (!take_number(&body, 1, &hashed) || !take_number(&body, 1, &signature->type) ||
	    !take_number(&body, 4, &signature->created) || !take(&body, 8, &issuer) ||
	    !take_number(&body, 1, &key_algorithm) || !take_number(&body, 1, &signature->digest))
		return false;
	memcpy(signature->issuer, issuer.at, 8);
	signature->has_issuer = true;
	return true;
}

static bool
read_signature(struct bytes body, struct signature *signature)
{
	uint32_t version, key_algorithm, length;
	struct bytes area;

	*signature = (struct signature){0};
	if (!take_number(&body, 1, &version))
		return false;
	if (version == 3)
		return read_signature_3(body, signature);
	if (version != 4 || !take_number(&body, 1, &signature->type) ||
	    !take_number(&body, 1, &key_algorithm) || !take_number(&body, 1, &signature->digest))
		return false;
	for (int i = 0; i < 2; i++) /* hashed, then unhashed */
		if (!take_number(&body, 2, &length) || !take(&body, length, &area) ||
		    !read_subpackets(area, i == 0, signature))
			return false;
	return true;
}

static bool
is_weak(unsigned digest)
{
	return digest == DIGEST_MD5 || digest == DIGEST_SHA1 || digest == DIGEST_RIPEMD160;
}

static bool
belongs(const struct subject *subject, const struct signature *signature)
{
	if (subject->tag == TAG_USER_ID)
		return signature->type >= TYPE_CERTIFICATION_FIRST &&
		       signature->type <= TYPE_CERTIFICATION_LAST;
	return subject->tag == TAG_PUBLIC_SUBKEY && signature->type == TYPE_SUBKEY_BINDING;
}

/* Keeps the newest signature by the key itself over the last packet. */
static void
take_signature(struct subject *subject, struct bytes body, const unsigned char key_id[8])
{
	struct signature signature;

	if (!read_signature(body, &signature) || !belongs(subject, &signature) ||
	    !signature.has_issuer || memcmp(signature.issuer, key_id, 8) != 0 ||
	    (subject->is_signed && signature.created < subject->newest.created))
		return;
	subject->newest = signature;
	subject->is_signed = true;
}

/* Calls `conclude` for each user ID and subkey with its newest self-signature. False if the packets
 * cannot be read. */
static bool
for_each_subject(struct bytes left, const unsigned char key_id[8],
		 void (*conclude)(const struct subject *subject, void *context), void *context)
{
	struct subject subject = {0};
	struct packet packet;

	while (left.left > 0) {
		if (!take_packet(&left, &packet))
			return false;
		if (packet.tag == TAG_SIGNATURE) {
			take_signature(&subject, packet.body, key_id);
			continue;
		}
		conclude(&subject, context);
		subject = (struct subject){.tag = packet.tag, .body = packet.body};
	}
	conclude(&subject, context);
	return true;
}

/* --- whose it is --- */

static bool
first_packet(GBytes *packets, struct packet *packet_r)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(packets, &length);
	struct bytes left = {at, length};

	return take_packet(&left, packet_r);
}

/* SHA-1 over the packet of a primary key. */
static bool
digest_packet(const struct packet *packet, unsigned char digest_r[FINGERPRINT_BYTES])
{
	unsigned char head[3] = {0x99};
	EVP_MD_CTX *context;
	bool done;

	if (packet->tag != TAG_PUBLIC_KEY || packet->body.left == 0 ||
	    packet->body.left > UINT16_MAX || packet->body.at[0] != 4)
		return false;
	head[1] = (unsigned char)(packet->body.left >> 8);
	head[2] = (unsigned char)packet->body.left;
	context = EVP_MD_CTX_new();
	done = EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
	       EVP_DigestUpdate(context, head, sizeof head) == 1 &&
	       EVP_DigestUpdate(context, packet->body.at, packet->body.left) == 1 &&
	       EVP_DigestFinal_ex(context, digest_r, NULL) == 1;
	EVP_MD_CTX_free(context);
	return done;
}

static bool
digest_key(GBytes *key, unsigned char digest_r[FINGERPRINT_BYTES])
{
	struct packet packet;

	return first_packet(key, &packet) && digest_packet(&packet, digest_r);
}

/* --- what of it is for an address --- */

char *
openpgp_user_id_address(const char *user_id)
{
	g_autofree char *text = g_strstrip(key_facts_text(user_id, strlen(user_id)));
	char *begin = strrchr(text, '<'), *end = strrchr(text, '>');

	if (begin != NULL && end != NULL && begin < end && end[1] == '\0') {
		*end = '\0';
		begin++;
	} else {
		begin = text;
	}
	return address_is_valid(begin) && strpbrk(begin, " <>") == NULL ? address_fold(begin)
									: NULL;
}

/* A key as it is being copied, packet by packet. */
struct excerpt {
	const char *address;
	unsigned char digest[FINGERPRINT_BYTES]; /* of its primary key */
	bool is_wanted;				 /* the packets that follow */
	bool has_user_id;
	GByteArray *key; /* so far */
	GByteArray *all; /* keys that are complete */
};

static void
end_key(struct excerpt *excerpt)
{
	if (excerpt->has_user_id)
		g_byte_array_append(excerpt->all, excerpt->key->data, excerpt->key->len);
	g_byte_array_set_size(excerpt->key, 0);
	excerpt->is_wanted = excerpt->has_user_id = false;
}

static bool
names_address(struct bytes user_id, const char *address)
{
	g_autofree char *text = g_strndup((const char *)user_id.at, user_id.left);
	g_autofree char *named = openpgp_user_id_address(text);

	return named != NULL && strcmp(named, address) == 0;
}

static bool
is_own_signature(const struct excerpt *excerpt, struct bytes body)
{
	struct signature signature;

	return read_signature(body, &signature) && signature.has_issuer &&
	       memcmp(signature.issuer, excerpt->digest + FINGERPRINT_BYTES - 8, 8) == 0;
}

/* Is this packet copied? */
static bool
is_wanted(struct excerpt *excerpt, const struct packet *packet)
{
	const bool in_key = excerpt->key->len > 0;

	switch (packet->tag) {
	case TAG_PUBLIC_KEY:
		end_key(excerpt);
		return excerpt->is_wanted = digest_packet(packet, excerpt->digest);
	case TAG_PUBLIC_SUBKEY:
		return excerpt->is_wanted = in_key;
	case TAG_USER_ID:
		excerpt->is_wanted = in_key && names_address(packet->body, excerpt->address);
		excerpt->has_user_id |= excerpt->is_wanted;
		return excerpt->is_wanted;
	case TAG_SIGNATURE:
		return excerpt->is_wanted && is_own_signature(excerpt, packet->body);
	default:
		return excerpt->is_wanted = false;
	}
}

GBytes *
openpgp_only_for(GBytes *packets, const char *address)
{
	struct excerpt excerpt = {
		.address = address, .key = g_byte_array_new(), .all = g_byte_array_new()};
	gsize length;
	const unsigned char *at = g_bytes_get_data(packets, &length);
	struct bytes left = {at, length};
	struct packet packet;

	while (left.left > 0) {
		const unsigned char *begin = left.at;

		if (!take_packet(&left, &packet))
			break;
		if (is_wanted(&excerpt, &packet))
			g_byte_array_append(excerpt.key, begin, (guint)(left.at - begin));
	}
	end_key(&excerpt);
	g_byte_array_unref(excerpt.key);
	return g_byte_array_free_to_bytes(excerpt.all);
}

size_t
openpgp_count_packets(GBytes *packets)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(packets, &length);
	struct bytes left = {at, length};
	struct packet packet;
	size_t count = 0;

	while (left.left > 0 && take_packet(&left, &packet))
		count++;
	return count;
}

/* --- how long it takes to check a signature --- */

enum {
	ALGORITHM_RSA = 1,
	ALGORITHM_RSA_SIGNS = 3,
	ALGORITHM_DSA = 17,
	EXPONENT_BITS_MAX = 64, /* of RSA, as OpenSSL has it; everybody uses 65537 or less */
	DSA_BITS_MAX = 4096,	/* FIPS 186-4 §4.2 ends at 3072 and 256 */
	DSA_ORDER_BITS_MAX = 512,
};

static bool
take_integer(struct bytes *from, uint32_t *bits_r)
{
	struct bytes ignored;

	return take_number(from, 2, bits_r) && take(from, (*bits_r + 7) / 8, &ignored);
}

/* RSA: modulus and exponent; DSA: prime and order of the group (RFC 9580 §5.5.5). */
static bool
has_vast_numbers(struct bytes body)
{
	uint32_t version, algorithm, first, second;
	struct bytes ignored;

	if (!take_number(&body, 1, &version) || !take(&body, version < 4 ? 6 : 4, &ignored) ||
	    !take_number(&body, 1, &algorithm) || (version > 4 && !take(&body, 4, &ignored)) ||
	    !take_integer(&body, &first) || !take_integer(&body, &second))
		return false;
	if (algorithm >= ALGORITHM_RSA && algorithm <= ALGORITHM_RSA_SIGNS)
		return second > EXPONENT_BITS_MAX;
	return algorithm == ALGORITHM_DSA && (first > DSA_BITS_MAX || second > DSA_ORDER_BITS_MAX);
}

static bool
is_key(unsigned tag)
{
	return tag == TAG_PUBLIC_KEY || tag == TAG_PUBLIC_SUBKEY || tag == TAG_SECRET_KEY ||
	       tag == TAG_SECRET_SUBKEY;
}

bool
openpgp_is_laborious(GBytes *packets)
{
	gsize length;
	const unsigned char *at = g_bytes_get_data(packets, &length);
	struct bytes left = {at, length};
	struct packet packet;

	while (left.left > 0 && take_packet(&left, &packet))
		if (is_key(packet.tag) && has_vast_numbers(packet.body))
			return true;
	return false;
}

/* --- how strong its self-signatures are --- */

struct strength {
	GPtrArray *well_signed; /* user IDs */
	bool has_subkey, good_subkey;
};

static void
look_at_strength(const struct subject *subject, void *context)
{
	struct strength *strength = context;
	bool good = subject->is_signed && !is_weak(subject->newest.digest);

	if (subject->tag == TAG_USER_ID && good)
		g_ptr_array_add(strength->well_signed,
				g_strndup((const char *)subject->body.at, subject->body.left));
	strength->has_subkey |= subject->tag == TAG_PUBLIC_SUBKEY;
	strength->good_subkey |= subject->tag == TAG_PUBLIC_SUBKEY && good;
}

char *
openpgp_weak_signatures(const unsigned char *packets, size_t length, const unsigned char key_id[8],
			GPtrArray *well_signed)
{
	struct strength strength = {.well_signed = well_signed};

	if (!for_each_subject((struct bytes){packets, length}, key_id, look_at_strength, &strength))
		return g_strdup("its packets cannot be read (RFC 9580 §4.2)");
	if (well_signed->len == 0 || (strength.has_subkey && !strength.good_subkey))
		return g_strdup(
			"its own signatures use SHA-1 or MD5, which are broken (RFC 9580 §9.5)");
	return NULL;
}

/* --- which ciphers it can read --- */

static void
look_at_ciphers(const struct subject *subject, void *context)
{
	unsigned *common = context;

	if (subject->tag == TAG_USER_ID && subject->is_signed)
		*common &= subject->newest.ciphers;
}

static void
look_at_ocb(const struct subject *subject, void *context)
{
	bool *announced = context;

	*announced |= subject->tag == TAG_USER_ID && subject->is_signed && subject->newest.ocb;
}

/* False if the packets cannot be read. */
static bool
for_each_subject_of(GBytes *key, void (*conclude)(const struct subject *subject, void *context),
		    void *context)
{
	unsigned char digest[FINGERPRINT_BYTES];
	gsize length;
	const unsigned char *packets = g_bytes_get_data(key, &length);

	return digest_key(key, digest) &&
	       for_each_subject((struct bytes){packets, length}, digest + FINGERPRINT_BYTES - 8,
				conclude, context);
}

unsigned
openpgp_ciphers(GBytes *key)
{
	unsigned common = 1u << OPENPGP_AES128 | 1u << OPENPGP_AES192 | 1u << OPENPGP_AES256;

	return for_each_subject_of(key, look_at_ciphers, &common) ? common : 0;
}

bool
openpgp_announces_ocb(GBytes *key)
{
	bool announced = false;

	for_each_subject_of(key, look_at_ocb, &announced);
	return announced;
}

/* --- names for people --- */

static char *
hexadecimal(const unsigned char *bytes, size_t length)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < length; i++)
		g_string_append_printf(text, "%02X", bytes[i]);
	return g_string_free(text, FALSE);
}

char *
openpgp_fingerprint(GBytes *key)
{
	unsigned char digest[FINGERPRINT_BYTES];

	return digest_key(key, digest) ? hexadecimal(digest, sizeof digest) : NULL;
}

char *
openpgp_revoked(GBytes *packets)
{
	struct packet packet;
	struct signature signature;

	if (!first_packet(packets, &packet) || packet.tag != TAG_SIGNATURE ||
	    !read_signature(packet.body, &signature) || signature.type != TYPE_KEY_REVOCATION ||
	    !signature.has_issuer)
		return NULL;
	return hexadecimal(signature.issuer, sizeof signature.issuer);
}

bool
openpgp_are_signatures(GBytes *packets)
{
	struct bytes from = {.left = 0};
	struct packet packet;

	from.at = g_bytes_get_data(packets, &from.left);
	if (from.left == 0)
		return false;
	while (from.left > 0)
		if (!take_packet(&from, &packet) || packet.tag != TAG_SIGNATURE)
			return false;
	return true;
}

/* The base64 between the blank line after the headers and the checksum or the end. */
GBytes *
openpgp_unarmoured(GBytes *block)
{
	gsize length, size;
	const char *bytes = g_bytes_get_data(block, &length);
	g_autofree char *text = NULL, *body = NULL;
	char *begin, *end;
	guchar *binary;

	if (length == 0 || bytes[0] != '-')
		return g_bytes_ref(block);
	text = g_strndup(bytes, length);
	begin = strstr(text, "\n\n");
	end = begin == NULL ? NULL : strstr(begin, "\n=");
	if (end == NULL && begin != NULL)
		end = strstr(begin, "\n-----");
	body = begin == NULL
		       ? g_strdup("")
		       : g_strndup(begin,
				   (gsize)((end == NULL ? begin + strlen(begin) : end) - begin));
	binary = g_base64_decode(body, &size);
	return g_bytes_new_take(binary, size);
}
