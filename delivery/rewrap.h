/* What is sealed in this folder with the courier's key and with login.key, for their rotation. */
#ifndef POSTSEAL_DELIVERY_REWRAP_H
#define POSTSEAL_DELIVERY_REWRAP_H

#include "core/seal/rewrap.h"

extern const struct rewrap delivery_boxes[];
/* The same for login.key. */
extern const struct rewrap delivery_held[];

#endif
