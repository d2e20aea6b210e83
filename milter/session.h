/*
 * The phases of a connection with the MTA (libmilter), as functions that collect a message and
 * hand it to dispatch. They hold no logic of their own.
 */
#ifndef POSTSEAL_MILTER_SESSION_H
#define POSTSEAL_MILTER_SESSION_H

#include <libmilter/mfapi.h>

#include "milter/service.h"

/* For smfi_register(). `service` must outlive smfi_main(). */
struct smfiDesc session_callbacks(struct service *service);

#endif
