/*
 * What an admin says about a message that is only thought of: its client, its time.
 */
#ifndef POSTSEAL_ADMIN_SITUATION_H
#define POSTSEAL_ADMIN_SITUATION_H

#include <time.h>

#include "mail/message.h"

/* The address of the client, "192.0.2.1". */
bool situation_client(struct message *message, const char *text, struct fault *fault);
/* "2026-11-27 08:30", in local time. */
bool situation_time(const char *text, time_t *time_r, struct fault *fault);

#endif
