/*
 * postseal-pop's work: it accepts mail clients, and serves each in a thread of its own, within
 * limits for each network and each member.
 */
#ifndef POSTSEAL_PORTAL_POP_SERVICE_H
#define POSTSEAL_PORTAL_POP_SERVICE_H

#include "core/database.h"
#include "core/settings.h"
#include "portal/pop/certificate.h"
#include "portal/pop/strangers.h"
#include "portal/web/deadline.h"
#include "portal/web/tally.h"

enum { SERVICE_DATABASE_CONNECTIONS = 16 };

/* Where it listens; -1: not there. */
struct service_listeners {
	int tls;  /* clients begin with TLS */
	int stls; /* they begin in plain text, and must say STLS before they sign in */
};

struct service {
	struct database *database;
	const struct settings *settings;
	struct pop_certificate *certificate;
	struct deadlines *deadlines;
	struct tally *connections;   /* of each network */
	struct strangers *strangers; /* of these, those that have not signed in */
	struct tally *members;	     /* for each member: clients at the same time */
	GMutex lock;
	GCond ended;
	GHashTable *sockets; /* those in use, to be shut down at the end */
	unsigned served;     /* clients at the moment */
	bool is_stopping;
	struct service_listeners listeners;
	int wake; /* eventfd */
	GThread *thread;
};

/* Fills in everything but database, settings and certificate, which must be there; the listeners
 * are its own from then on. False: there is no descriptor left. */
bool service_start(struct service *service, const struct service_listeners *listeners,
		   struct fault *fault);
/* For metrics_serve(); `context` is a service that was started. */
void service_gauges(void *context);
/* Shuts all connections, and waits until their threads have ended. */
void service_stop(struct service *service);

#endif
