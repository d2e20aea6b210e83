/* What is boxed for the courier in this folder, for the rotation of courier.key. */
#ifndef POSTSEAL_DELIVERY_REWRAP_H
#define POSTSEAL_DELIVERY_REWRAP_H

#include "core/seal/rewrap.h"

extern const struct rewrap delivery_boxes[];

#endif
