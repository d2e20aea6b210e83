/*
 * One request to the portal: what the browser brings (portal/web/request.h), who comes with it,
 * what they may do, and whether the form is proven to be of a page of ours before it does anything.
 */
#ifndef POSTSEAL_PORTAL_REQUEST_H
#define POSTSEAL_PORTAL_REQUEST_H

#include "core/address.h"
#include "core/reader/reader.h"
#include "core/spool.h"
#include "keystore/upload.h"
#include "policy/policy.h"
#include "portal/session.h"
#include "portal/web/apart.h"
#include "portal/web/deadline.h"
#include "portal/web/request.h"
#include "portal/web/tally.h"

/* What all requests share. */
struct portal {
	struct web_site site;
	struct policy *policy; /* NULL: its rules could not be read, and nothing can be written */
	const struct settings *settings;
	const struct seal_key *courier; /* public */
	struct database *database;
	struct spool_settings spool, upload_spool;
	struct reader *reader; /* of foreign formats */
	struct upload_reader *upload_reader;
	struct apart *apart; /* where long requests are served */
	struct deadlines *deadlines;
	struct tally *requests; /* of a network, from their header to the end of their answer */
	struct tally *uploads;	/* of a member: forms with files */
	struct MHD_Daemon *daemon;
};

enum access {
	ACCESS_ANYBODY,
	ACCESS_GUEST, /* guests and members */
	ACCESS_HALF,  /* whose second factor is still to come */
	ACCESS_MEMBER,
};

enum route_form {
	FORM_FIELDS,
	FORM_FILES, /* with files, as large as the settings allow */
};

/* Where it is served, since nobody may wait for what another asked for. */
enum serving {
	SERVED_HERE, /* by libmicrohttpd's thread: waits for nothing, not for the database either */
	SERVED_APART, /* by threads of ours (portal/web/apart.h) */
	SERVED_LAST,  /* the same, and waits for a process of ours: postseal-reader, gpg */
};

struct request;
typedef enum MHD_Result serve_request(struct request *request);
/* The page of a form that was not carried out, with what was typed into it; `why` is for the
 * reader, in their language. Who sends it may be signed out, and the database away. */
typedef enum MHD_Result give_back_form(struct request *request, unsigned status, const char *why);

struct route {
	const char *method;
	const char *path; /* one that ends with "/" takes something behind it */
	serve_request *serve;
	enum access access;
	enum route_form form;
	enum serving serving;
	give_back_form *give_back; /* NULL: nothing is typed there that would be missed */
};

struct request {
	struct web_request web;
	struct portal *portal;
	const struct route *route;
	struct connection *connection; /* to the database, while it is served */
	gint64 begun;		       /* of g_get_monotonic_time() */
	struct session session;
	bool cookie_is_new;
	bool is_counted; /* in portal->requests */
	char *uploader;	 /* counted in portal->uploads; or NULL */
	bool is_one_upload_too_many;
	bool is_given_back; /* its form; what fails meanwhile is said on a page of its own */
};

struct request *request_new(struct portal *portal, struct MHD_Connection *mhd, const char *path);
/* False: its network has as many requests as it may have, and it must be turned away. */
bool request_count(struct request *request);
void request_free(struct request *request);

/* Before the body: how much of it is taken, and from this visitor at all. */
void request_expect_form(struct request *request);
/* Does what the route says, after the checks that are the same for all. */
enum MHD_Result request_serve(struct request *request);
/* The same in another thread; libmicrohttpd calls again once there is something to send. */
enum MHD_Result request_serve_apart(struct request *request);
/* A sentence instead: too much was asked for at once. */
enum MHD_Result request_turn_away(struct request *request);
/* What portal->apart does with requests. */
extern const struct apart_work request_apart_work;
/* Gives the connection to the database back, for others to use while something takes long. */
void request_rest(struct request *request);

/* "" where the form or the query has no such field. */
const char *request_field(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);

/* The address that was typed into the field; blanks around it do not count. False: it is none. */
bool request_address(const struct request *request, const char *name, struct address *address_r);

/* The text in the reader's language. */
const char *request_say(const struct request *request, const char *text)
	__attribute__((format_arg(2)));
/* "24 Nov 2026, 15:04" as the reader's language has it; caller frees. */
char *request_date(const struct request *request, gint64 at);
char *request_size(const struct request *request, uint64_t bytes);

const char *request_cookie_name(const struct request *request);
/* What a form of ours holds, and only this browser's cookie gives. */
void request_form_token(const struct request *request, char text_r[SEAL_KEY_CHARACTERS + 1]);

/* Becomes another session with a new cookie: signed in, out, or with more opened. Commits the open
 * batch. */
bool request_begin_session(struct request *request, const GPtrArray *opened, struct fault *fault);

/* Asks the database with one text as parameter. Caller frees *result_r. */
bool request_ask(struct request *request, const struct statement *statement, const char *about,
		 PGresult **result_r, struct fault *fault);

#endif
