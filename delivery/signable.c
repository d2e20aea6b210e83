#include "delivery/signable.h"

#include "mail/protection.h"
#include "mail/seven_bit.h"

struct signable {
	const struct message *message;
	const struct spool_settings *spool;
	uint64_t most;
	GString *header;
	struct spool *encoded; /* the whole entity; NULL: it is in 7 bits as it stands */
	bool is_known;
	const char *why_not;
};

struct signable *
signable_new(const struct message *message, const struct spool_settings *spool, uint64_t most)
{
	struct signable *signable = g_new0(struct signable, 1);

	signable->message = message;
	signable->spool = spool;
	signable->most = most;
	return signable;
}

void
signable_free(struct signable *signable)
{
	if (signable == NULL)
		return;
	if (signable->header != NULL)
		g_string_free(signable->header, TRUE);
	spool_free(signable->encoded);
	g_free(signable);
}

static bool
encode(struct signable *signable, struct parts *parts, struct fault *fault)
{
	const char *unclear;

	if (!parts_are_clear(parts, &unclear, fault))
		return false;
	if (unclear != NULL) {
		signable->why_not = unclear;
		return true;
	}
	signable->encoded = spool_new(signable->spool);
	return seven_bit_write(signable->header, signable->message->body,
			       spool_sink(signable->encoded), &signable->why_not, fault);
}

/* The state is only kept once all is known: after a failure the next call begins again. */
static bool
look(struct signable *signable, struct parts *parts, struct fault *fault)
{
	struct protection protection;
	bool is_seven_bit;

	if (!protection_find(parts, &protection, fault))
		return false;
	if (protection.encrypted || protection.is_signed) {
		signable->why_not = "it is already encrypted or signed";
		return true;
	}
	signable->header = message_entity_header(signable->message);
	if (!seven_bit_is(signable->header, signable->message->body, &is_seven_bit, fault))
		return false;
	return is_seven_bit || encode(signable, parts, fault);
}

static void
forget(struct signable *signable)
{
	if (signable->header != NULL)
		g_string_free(g_steal_pointer(&signable->header), TRUE);
	g_clear_pointer(&signable->encoded, spool_free);
}

bool
signable_find(struct signable *signable, const char **why_not_r, struct fault *fault)
{
	if (!signable->is_known) {
		g_autoptr(parts_auto) parts = parts_new(signable->message, signable->most);

		if (!look(signable, parts, fault)) {
			forget(signable);
			return fault_within(fault, "preparing the message for a signature");
		}
		signable->is_known = true;
	}
	*why_not_r = signable->why_not;
	return true;
}

bool
signable_write(const struct signable *signable, struct sink *sink, struct fault *fault)
{
	if (signable->encoded != NULL)
		return spool_copy(signable->encoded, 0, sink, fault);
	return sink_write(sink, signable->header->str, signable->header->len, fault) &&
	       spool_copy(signable->message->body, 0, sink, fault);
}
