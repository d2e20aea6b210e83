/*
 * One request of a browser: what it brings (path, form, cookie, language), who comes with it, and
 * how it is answered. All answers go through here, so that none lacks its security headers, and
 * every form is proven to be of a page of ours before it does anything.
 */
#ifndef POSTSEAL_PORTAL_REQUEST_H
#define POSTSEAL_PORTAL_REQUEST_H

#include <microhttpd.h>

#include "core/spool.h"
#include "portal/web/page.h"
#include "portal/session.h"
#include "policy/policy.h"

/* What all requests share. */
struct portal {
	struct policy *policy; /* NULL: its rules could not be read, and nothing can be written */
	const struct settings *settings;
	const struct seal_key *courier; /* public */
	struct database *database;
	struct spool_settings spool;
	bool is_secure; /* the outside speaks HTTPS */
	struct MHD_Daemon *daemon;
};

struct upload {
	char *name; /* of the file, as the browser says */
	char *type;
	struct spool *content;
};

enum access {
	ACCESS_ANYBODY,
	ACCESS_GUEST, /* guests and members */
	ACCESS_HALF,  /* whose second factor lacks */
	ACCESS_MEMBER,
};

enum form {
	FORM_SMALL,
	FORM_FILES, /* with files, as large as the settings allow */
};

struct request;
typedef enum MHD_Result serve_request(struct request *request);

struct route {
	const char *method;
	const char *path; /* one that ends with "/" takes something behind it */
	serve_request *serve;
	enum access access;
	enum form form;
};

struct request {
	struct portal *portal;
	const struct route *route;
	struct MHD_Connection *mhd;
	struct connection *connection; /* to the database, while it is served */
	const char *path;
	const char *tail; /* of the path, behind what the route names */
	const char *language;
	bool language_is_new;
	struct session session;
	bool cookie_is_new;
	char *network; /* whence it comes: what is throttled together */
	char *browser;
	/* the form */
	struct MHD_PostProcessor *processor;
	GHashTable *fields; /* name to GString */
	GPtrArray *uploads; /* struct upload */
	uint64_t form_bytes;
	bool form_is_too_large;
	bool form_is_ignored; /* who sends it may not: it is read to its end, for an answer in words
			       */
	struct fault fault;   /* while files were taken */
};

struct request *request_new(struct portal *portal, struct MHD_Connection *mhd, const char *url);
void request_free(struct request *request);

/* Before a body with files is taken: may this visitor send any? Those of others are not kept. */
void request_admit(struct request *request);
/* Takes a piece of the body. False: it is endless. */
bool request_take(struct request *request, const char *data, size_t size);
/* Does what the route says, after the checks that are the same for all. */
enum MHD_Result request_serve(struct request *request);

/* "" where the form or the query has no such field. */
const char *request_field(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);

/* The text in the reader's language. */
const char *request_say(const struct request *request, const char *text)
	__attribute__((format_arg(2)));
/* "24 Nov 2026, 15:04" as the reader's language has it; the caller's. */
char *request_date(const struct request *request, gint64 at);
char *request_size(const struct request *request, uint64_t bytes);

/* --- answers --- */

struct page *request_page(const struct request *request, const char *name);
enum MHD_Result answer(struct request *request, unsigned status, struct MHD_Response *response);
enum MHD_Result answer_page(struct request *request, unsigned status, struct page *page);
/* A page that holds one of our scripts. */
enum MHD_Result answer_page_with_script(struct request *request, struct page *page);
/* A title and a sentence; both are translated. */
enum MHD_Result answer_word(struct request *request, unsigned status, const char *title,
			    const char *text);
/* What went wrong is in the log; the reader is told what to do. */
enum MHD_Result answer_fault(struct request *request, const struct fault *fault);
/* What was tried, and how long to wait; it is translated. */
enum MHD_Result answer_too_often(struct request *request, const char *text);
enum MHD_Result answer_not_found(struct request *request);
/* Look there (303). `place` is a path of ours. */
enum MHD_Result answer_see(struct request *request, const char *place);

/* Becomes another session with a new cookie: signed in, out, or with more opened. Commits the open
 * batch. */
bool request_begin_session(struct request *request, const GPtrArray *opened, struct fault *fault);

#endif
