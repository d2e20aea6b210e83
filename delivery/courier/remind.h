/* Reminders: twice, after `remind first` and `remind last`, a recipient who has not read a message
 * is told that it still waits. */
#ifndef POSTSEAL_DELIVERY_REMIND_H
#define POSTSEAL_DELIVERY_REMIND_H

#include "delivery/courier/issue.h"

/* Those that are due, at most some at once. */
bool remind(const struct issuer *issuer, struct fault *fault);

#endif
