/*
 * Who handed a message in, told from the first pass through the MTA to the second. Where Postfix
 * expands addresses before the milter decides, it offers each message twice, and only the first
 * time it knows who authenticated and from where. The first pass notes both in a field,
 *   X-Postseal-Login: base64(nonce, XChaCha20-Poly1305(time, login, client))
 * sealed with `login.key` and bound to Message-ID and body. The second pass opens it, and no copy
 * leaves with it (delivery/variant.c): nobody outside sees who somebody is to the organisation's
 * mail server, or makes such a field, or has one count for another message. What comes with a
 * message into the first pass is removed.
 */
#ifndef POSTSEAL_MILTER_LOGIN_H
#define POSTSEAL_MILTER_LOGIN_H

#include "core/seal/wrap.h"
#include "mail/message.h"

#define LOGIN_FIELD "X-Postseal-Login"

/* The value of the field for message->authenticated and message->client (either may be NULL), once
 * all of the body is there, with a leading blank. `now` in seconds of UTC. Caller frees. */
char *login_note(const struct message *message, const struct seal_key *key, gint64 now);

/* Fills message->authenticated and message->client from the field. False, and nothing filled, where
 * there is no field, or several, or it was made with another key, for another message, or more than
 * `lifetime` seconds ago. */
bool login_recall(struct message *message, const struct seal_key *key, gint64 now, gint64 lifetime);

#endif
