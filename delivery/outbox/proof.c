#include "delivery/outbox/proof.h"

enum { PROOF_SECONDS = 86400 };

static const char purpose[] = "postseal proof";

static const struct statement proof_put = {
	"proof_put",
	"insert into postseal.address_proof (token_hash, address, shown, language, expires_at) "
	"values ($1, $2, $3, $4, now() + $5 * interval '1 second')"};

static bool
put(const struct notice *notice, const struct proof *proof, const struct seal_key *token,
    struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char digest[SEAL_DIGEST_BYTES];

	seal_key_digest(digest, token, purpose);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_text(&parameters, proof->address);
	parameters_text(&parameters, proof->shown);
	parameters_text(&parameters, proof->language);
	parameters_number(&parameters, PROOF_SECONDS);
	return batch_add(notice->connection, &proof_put, &parameters, fault);
}

bool
proof_mail(const struct notice *notice, const struct proof *proof, struct fault *fault)
{
	struct seal_key token;
	char text[SEAL_KEY_CHARACTERS + 1];
	bool done;

	randombytes_buf(token.bytes, sizeof token.bytes);
	seal_key_show(text, &token);
	done = put(notice, proof, &token, fault) &&
	       (proof->is_reset ? notice_reset(notice, proof->shown, proof->language, text, fault)
				: notice_proof(notice, proof->shown, proof->language, text, fault));
	sodium_memzero(&token, sizeof token);
	sodium_memzero(text, sizeof text);
	return done;
}

bool
proof_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES])
{
	return seal_text_digest(digest_r, token, purpose);
}
