/*
 * Runs one job with postseal-gpg: the entity is sent while gpg's output comes back.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_CLIENT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_CLIENT_H

#include "core/sink.h"
#include "mail/entity.h"

/* `job` is a text as described in protocol.h, `socket` is connected to a process that waits for it.
 * Writes armored text with CRLF. `seconds` is gpg's time limit. After a failure, the socket cannot
 * be used any more. */
bool gpg_exchange(int socket, const char *job, struct entity *plain, struct sink *sealed,
		  unsigned seconds, struct fault *fault);

/* The same to decrypt and to verify: writes what gpg found, and says which signatures it found
 * (protocol.h); caller frees. FAULT_INPUT: gpg says that the message cannot be read. */
bool gpg_exchange_back(int socket, const char *job, struct entity *source, struct sink *plain,
		       unsigned seconds, char **signatures_r, struct fault *fault);

/* Has gpg ever written an OCB packet, which only GnuPG reads? If so, it will do so again. */
bool gpg_writes_ocb(void);

#endif
