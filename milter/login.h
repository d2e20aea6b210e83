/*
 * Passes the authenticated user from the first pass through the MTA to the second. If Postfix
 * expands addresses before the milter decides, it offers each message twice, and only the first
 * time does it know who authenticated, and from where. The first pass stores both in a field,
 * X-Postseal-Login: base64(nonce, XChaCha20-Poly1305(time, login, client)), sealed with `login.key`
 * and bound to Message-ID and body. The second pass opens the field, and no copy leaves with it
 * (delivery/variant.c). So nobody outside can see a login at the organisation's mail server, forge
 * such a field, or reuse one for another message. A field of this name in a message that enters the
 * first pass is removed.
 *
 * A note has no mark of its key: of the few that login.key has while it is rotated, each is tried.
 */
#ifndef POSTSEAL_MILTER_LOGIN_H
#define POSTSEAL_MILTER_LOGIN_H

#include "core/seal/key_file.h"
#include "mail/message.h"

#define LOGIN_FIELD "X-Postseal-Login"

/* The value of the field, with a leading blank, for message->authenticated and message->client
 * (either may be NULL). Call it when the whole body is there. `now` is in seconds, UTC. Caller
 * frees. */
char *login_note(const struct message *message, const struct seal_key *key, gint64 now);

enum {
	/* By how much a note outlives `queue lifetime`: the MTA tries as long as the outbox does,
	 * and then once more. */
	LOGIN_SLACK_SECONDS = 86400,
};

enum { LOGIN_PASS_BYTES = crypto_generichash_BYTES };

/* Fills message->authenticated and message->client from the field, and pass_r with a digest that no
 * other field has. False, with nothing filled, if there is no field or more than one, or if it was
 * made with none of the keys, for another message, or more than `lifetime` seconds ago. */
bool login_recall(struct message *message, const struct key_file *keys, gint64 now, gint64 lifetime,
		  unsigned char pass_r[LOGIN_PASS_BYTES]);

#endif
