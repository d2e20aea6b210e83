/*
 * Requests whose answer may take long, by a stranger's doing, are served apart: the connection is
 * suspended, so that its thread goes on with the other visitors, and one of a few threads of ours
 * finds the answer. Whoever asks for many such pages waits for their own: of each visitor, few are
 * served at the same time.
 */
#ifndef POSTSEAL_PORTAL_WEB_APART_H
#define POSTSEAL_PORTAL_WEB_APART_H

#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

struct apart;

/* What is done with a request, in a thread of ours: found an answer to, or, where too much waits or
 * all ends, turned away. Afterwards the connection is resumed. */
struct apart_work {
	void (*serve)(void *request);
	void (*refuse)(void *request);
};

struct apart *apart_new(const struct apart_work *work);
/* Before the web server is stopped: turns away what waits and what comes, and waits for what is at
 * work. */
void apart_close(struct apart *apart);
/* Once it is stopped. */
void apart_free(struct apart *apart);

/* Suspends the connection. Only from libmicrohttpd's handler, which then returns MHD_YES. `visitor`
 * is copied. Of what `is_long`, no more is at work than leaves threads for the others. */
void apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *visitor, bool is_long,
		 void *request);

#endif
