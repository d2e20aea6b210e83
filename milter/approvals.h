/*
 * Sends what was approved: a thread that takes released messages from the database, has the rules
 * decide about them again, and commits the result (delivery/approval/approval.h).
 */
#ifndef POSTSEAL_MILTER_APPROVALS_H
#define POSTSEAL_MILTER_APPROVALS_H

#include "milter/service.h"

/* `service` must outlive the thread. */
void approvals_start(struct service *service);
/* Finishes the message in hand. */
void approvals_stop(void);

#endif
