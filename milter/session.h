/*
 * The phases of a connection from the MTA (libmilter), as callbacks that collect a message and hand
 * it to dispatch. They contain no logic of their own.
 */
#ifndef POSTSEAL_MILTER_SESSION_H
#define POSTSEAL_MILTER_SESSION_H

#include <libmilter/mfapi.h>

#include "milter/service.h"

/* For smfi_register(). `service` must outlive smfi_main(). */
struct smfiDesc session_callbacks(struct service *service);

#endif
