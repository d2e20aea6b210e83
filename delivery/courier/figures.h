/*
 * The courier's metrics (postseal-metrics(7)): about its own work, and about what only the database
 * knows as a whole, the validity of keys and the mail in the MTA's queue.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_FIGURES_H
#define POSTSEAL_DELIVERY_COURIER_FIGURES_H

#include "core/fault.h"
#include "delivery/courier/courier.h"

/* See metrics_serve(). The courier must live as long as the program. */
bool figures_serve(struct courier *courier, struct fault *fault);

#endif
