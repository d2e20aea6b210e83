/* Reminders: twice, after `remind first` and `remind last`, a recipient who has not read a message
 * is told that it still waits. */
#ifndef POSTSEAL_DELIVERY_COURIER_REMINDERS_H
#define POSTSEAL_DELIVERY_COURIER_REMINDERS_H

#include "delivery/courier/links_and_codes.h"

/* Those that are due, at most some at once. */
bool remind(const struct issuer *issuer, struct fault *fault);

#endif
