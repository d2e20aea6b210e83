/*
 * One job for postseal-gpg: the entity goes there while what gpg makes of it comes back.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_CLIENT_H
#define POSTSEAL_DELIVERY_METHODS_PGP_CLIENT_H

#include "core/sink.h"
#include "mail/entity.h"

/* `job` is a text as protocol.h says, `socket` leads to one that waits for it. Writes armored text
 * with CRLF. `seconds` is the time that gpg has. After a failure the socket is of no more use. */
bool gpg_exchange(int socket, const char *job, struct entity *plain, struct sink *sealed,
		  unsigned seconds, struct fault *fault);

/* Once gpg has written an OCB packet, which only GnuPG reads, it will do so again. */
bool gpg_writes_ocb(void);

#endif
