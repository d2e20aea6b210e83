/*
 * postseal.conf(5) with the delivery methods that this build has: every program reads it so.
 */
#ifndef POSTSEAL_DELIVERY_CONFIGURATION_H
#define POSTSEAL_DELIVERY_CONFIGURATION_H

#include "policy/policy.h"

/* Tells every error in the file, one sentence each; NULL when there was one. */
struct policy *configuration_load(const char *path, void (*tell)(const char *format, ...));

#endif
