/*
 * The keeper's gpg-agent: it holds OpenPGP private keys that were unwrapped, as files in `keeper
 * home`, and its restricted socket lets others use them, never export them. The home is emptied
 * when the agent starts and when it ends, and belongs on a file system in memory (tmpfs), as /run
 * is: a warning says where it is not.
 */
#ifndef POSTSEAL_KEYSTORE_KEEPER_AGENT_H
#define POSTSEAL_KEYSTORE_KEEPER_AGENT_H

#include "core/fault.h"
#include "core/settings.h"

/* Once, before threads. */
bool agent_start(const struct settings *settings, struct fault *fault);
void agent_stop(const struct settings *settings);

/* One at a time. */
bool agent_import(const unsigned char *secret, size_t length, struct fault *fault);
bool agent_delete(const char *fingerprint, struct fault *fault);

#endif
