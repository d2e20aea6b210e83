/*
 * Requests that may take a while, by a stranger's doing or the database's, are served apart: the
 * connection is suspended, so that its thread goes on with the other visitors, and one of a few
 * threads of ours finds the answer. Whoever asks for many such pages waits for their own: of each
 * visitor, few are served at the same time.
 *
 * Who the visitor is takes a look into the database, which is done here as well, and until then it
 * is the network that asks: what a browser says of itself, such as a cookie, anybody can make up
 * anew for each request.
 */
#ifndef POSTSEAL_PORTAL_WEB_APART_H
#define POSTSEAL_PORTAL_WEB_APART_H

#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

struct apart;

/* What is done with a request, in a thread of ours: asked whose it is, and found an answer to; or,
 * where too much waits or all ends, turned away. Afterwards the connection is resumed. */
struct apart_work {
	/* Who shares threads with nobody else; NULL: known by the network alone. Caller frees. */
	char *(*who)(void *request);
	void (*serve)(void *request);
	void (*refuse)(void *request);
};

struct apart *apart_new(const struct apart_work *work);
/* Before the web server is stopped: turns away what waits and what comes, and waits for what is at
 * work. */
void apart_close(struct apart *apart);
/* Once it is stopped. */
void apart_free(struct apart *apart);

/* Suspends the connection. Only from libmicrohttpd's handler, which then returns MHD_YES. `network`
 * is copied. Of what `is_long`, no more is at work than leaves threads for the others. */
void apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *network, bool is_long,
		 void *request);

#endif
