/* What the master key wraps in this folder, for its rotation. */
#ifndef POSTSEAL_KEYSTORE_REWRAP_H
#define POSTSEAL_KEYSTORE_REWRAP_H

#include "core/seal/rewrap.h"

extern const struct rewrap keystore_wrapped[];

#endif
