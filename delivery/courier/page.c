#include "delivery/courier/page.h"

#include "core/seal/marked.h"
#include "delivery/parcel/sender_page.h"

static const struct statement page_put = {
	"issue_page",
	"insert into postseal.sender_page (message, digest, boxed, sender) values ($1, $2, $3, $4) "
	"on conflict (message) do nothing"};

static bool
put(const struct issuer *issuer, struct connection *connection, const struct page_owner *owner,
    const struct seal_key *secret, const char *text, struct fault *fault)
{
	unsigned char digest[SEAL_DIGEST_BYTES], boxed[SEAL_MARKED_BOX_BYTES];
	struct parameters parameters = {0};

	track_digest(text, digest);
	if (!seal_marked_box(boxed, secret, ring_sealing(issuer->ring), fault))
		return false;
	parameters_text(&parameters, owner->message);
	parameters_bytes(&parameters, digest, sizeof digest);
	parameters_bytes(&parameters, boxed, sizeof boxed);
	parameters_text(&parameters, owner->sender);
	return batch_add(connection, &page_put, &parameters, fault);
}

bool
page_secret(const struct issuer *issuer, struct connection *connection,
	    const struct page_owner *owner, char secret_r[SEAL_KEY_CHARACTERS + 1],
	    struct fault *fault)
{
	struct seal_key secret;
	bool is_new = owner->boxed_length == 0 ||
		      !ring_unbox(issuer->ring, &secret, owner->boxed, owner->boxed_length);
	bool done;

	if (is_new)
		randombytes_buf(secret.bytes, SEAL_KEY_BYTES);
	seal_key_show(secret_r, &secret);
	done = !is_new || put(issuer, connection, owner, &secret, secret_r, fault);
	sodium_memzero(&secret, sizeof secret);
	return done;
}
