/*
 * The content of a message as it is signed in the clear: the MIME entity in 7 bits
 * (mail/seven_bit.h). Found out once for each message, and only if a rule asks for it.
 */
#ifndef POSTSEAL_DELIVERY_SIGNABLE_H
#define POSTSEAL_DELIVERY_SIGNABLE_H

#include "mail/message.h"

struct signable;

/* `spool` is for content that has to be encoded for it. More than `most` parts are not signed. All
 * that is passed must outlive the result. */
struct signable *signable_new(const struct message *message, const struct spool_settings *spool,
			      uint64_t most);
void signable_free(struct signable *signable);

/* *why_not_r says why the message is not to be signed, or cannot be; NULL: it can. */
bool signable_find(struct signable *signable, const char **why_not_r, struct fault *fault);
/* Writes the entity; only after signable_find() has said that it can be signed. */
bool signable_write(const struct signable *signable, struct sink *sink, struct fault *fault);

#endif
