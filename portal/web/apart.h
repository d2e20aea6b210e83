/*
 * Requests that may take long, because of a stranger or the database, are served apart: the
 * connection is suspended, so that its thread can go on with other visitors, and one of a few
 * threads of ours finds the answer. A visitor who asks for many such pages waits only behind their
 * own: few are served at the same time for each visitor, and among the visitors who wait, the one
 * for whom something was done last is the last. Pictures and large files that arrive have threads
 * of their own, and no page ever waits for one.
 *
 * To find out who the visitor is, the database must be asked, which is done here as well; until
 * then, the network counts as the visitor: anything that a browser says about itself, such as a
 * cookie, can be made up anew for each request.
 */
#ifndef POSTSEAL_PORTAL_WEB_APART_H
#define POSTSEAL_PORTAL_WEB_APART_H

#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

struct apart;

/* What is done with a request, in one of our threads: it is asked whose it is, and is then
 * answered; or, if too many are waiting or the program is to stop, it is turned away. Afterwards
 * the connection is resumed. */
struct apart_work {
	/* The visitor, who shares threads with nobody else; NULL: known only by the network. Caller
	 * frees. */
	char *(*who)(void *request);
	void (*serve)(void *request);
	void (*refuse)(void *request);
};

enum apart_kind {
	APART_PAGE,
	APART_LONG,    /* a page of the slowest; they never take all the threads */
	APART_PICTURE, /* of a page: as slow, and not what the visitor waits for */
	APART_FILES,   /* a form with so many bytes that sealing them takes long */
};

struct apart *apart_new(const struct apart_work *work);
/* Call before the web server is stopped: turns away what is waiting and what still arrives, and
 * waits for what is being worked on. */
void apart_close(struct apart *apart);
/* Call once the web server is stopped. */
void apart_free(struct apart *apart);

/* Suspends the connection. Call only from libmicrohttpd's handler, which then returns MHD_YES.
 * `network` is copied. */
void apart_serve(struct apart *apart, struct MHD_Connection *mhd, const char *network,
		 enum apart_kind kind, void *request);

#endif
