/*
 * The keeper's gpg-agent: it holds unwrapped OpenPGP private keys, as files in `keeper home`, and
 * its restricted socket lets others use them, never export them. The home is emptied when the agent
 * starts and when it ends, and belongs on a file system in memory (tmpfs), as /run is: a warning is
 * logged if it is not.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_AGENT_H
#define POSTSEAL_KEYSTORE_KEEPER_AGENT_H

#include "core/fault.h"
#include "core/settings.h"

/* Called once, before any threads start. */
bool agent_start(const struct settings *settings, struct fault *fault);
void agent_stop(const struct settings *settings);

/* Not thread-safe. The agent holds all of the key after agent_import(): gpg may fail to give it
 * some, and call that success. */
bool agent_import(const unsigned char *secret, size_t length, struct fault *fault);
/* The same, but only for subkeys that decrypt and do nothing else: nothing can be signed with them,
 * whoever asks. Fails if there are none. */
bool agent_import_opening(const unsigned char *secret, size_t length, struct fault *fault);
bool agent_delete(const char *fingerprint, struct fault *fault);

#endif
