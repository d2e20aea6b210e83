/*
 * What the courier tells a monitor (postseal-metrics(7)): how its own work goes, and what only the
 * database knows of the whole, the keys' validity and the mail in the MTA's queue.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_FIGURES_H
#define POSTSEAL_DELIVERY_COURIER_FIGURES_H

#include "core/fault.h"
#include "delivery/courier/courier.h"

/* See metrics_serve(). The courier must live as long as the program. */
bool figures_serve(struct courier *courier, struct fault *fault);

#endif
