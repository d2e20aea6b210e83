#include "delivery/outbox/trust_link.h"

#include "core/address.h"

enum { LINK_SECONDS = 30 * 86400 };

static const char purpose[] = "postseal trust";

static const struct statement link_put = {
	"trust_link_put",
	"insert into postseal.trust_link (digest, message, sender, recipient, expires_at) "
	"values ($1, $2, $3, $4, now() + $5 * interval '1 second')"};

static bool
put(const struct notice *notice, const char *recipient, const struct seal_key *token,
    struct fault *fault)
{
	g_autofree char *from = address_fold(notice->sender), *to = address_fold(recipient);
	struct parameters parameters = {0};
	unsigned char digest[SEAL_DIGEST_BYTES];

	seal_key_digest(digest, token, purpose);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_text(&parameters, notice->message);
	parameters_text(&parameters, from);
	parameters_text(&parameters, to);
	parameters_number(&parameters, LINK_SECONDS);
	return batch_add(notice->connection, &link_put, &parameters, fault);
}

bool
trust_link_make(const struct notice *notice, const char *recipient, char **url_r,
		struct fault *fault)
{
	struct seal_key token;
	char text[SEAL_KEY_CHARACTERS + 1];
	bool done;

	randombytes_buf(token.bytes, sizeof token.bytes);
	seal_key_show(text, &token);
	done = put(notice, recipient, &token, fault);
	*url_r = done ? g_strdup_printf("%s/trust/%s", notice->settings->portal_url, text) : NULL;
	sodium_memzero(&token, sizeof token);
	sodium_memzero(text, sizeof text);
	return done;
}

bool
trust_link_digest(const char *token, unsigned char digest_r[SEAL_DIGEST_BYTES])
{
	return seal_text_digest(digest_r, token, purpose);
}
