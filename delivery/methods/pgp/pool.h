/*
 * The processes that run gpg for the milter (postseal-gpg). As many as work at the same time; some
 * wait for more. The settings that the first is begun with hold for all.
 */
#ifndef POSTSEAL_DELIVERY_METHODS_PGP_POOL_H
#define POSTSEAL_DELIVERY_METHODS_PGP_POOL_H

#include "core/fault.h"
#include "core/settings.h"

struct gpg_worker;

/* Once, before threads. */
void gpg_workers_start(const struct settings *settings);
/* NULL with `fault` filled. From any thread. */
struct gpg_worker *gpg_worker_take(struct fault *fault);
/* To send jobs to (delivery/methods/pgp/protocol.h). */
int gpg_worker_socket(const struct gpg_worker *worker);
/* It waits for the next job where it is `well`, else it is ended, and its gpg too. */
void gpg_worker_give(struct gpg_worker *worker, bool well);

#endif
