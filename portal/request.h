/*
 * One request to the portal: what the browser sends (portal/web/request.h), who the visitor is and
 * what that visitor may do, and a check, before a form does anything, that it came from one of our
 * pages.
 */
#ifndef POSTSEAL_PORTAL_REQUEST_H
#define POSTSEAL_PORTAL_REQUEST_H

#include "core/address.h"
#include "core/reader/reader.h"
#include "core/seal/ring.h"
#include "core/spool.h"
#include "keystore/upload.h"
#include "policy/policy.h"
#include "portal/author.h"
#include "portal/failed_previews.h"
#include "portal/known_counts.h"
#include "portal/session.h"
#include "portal/web/apart.h"
#include "portal/web/deadline.h"
#include "portal/web/request.h"
#include "portal/web/tally.h"

/* What all requests share. */
struct portal {
	struct web_site site;
	const char *config;    /* path of postseal.conf; NULL: nobody approves messages */
	struct policy *policy; /* NULL: the rules could not be read, so nothing can be written */
	const struct settings *settings;
	struct ring *courier; /* of courier.pub */
	struct database *database;
	struct spool_settings spool, upload_spool;
	struct reader *reader;	       /* for untrusted formats */
	struct reader *preview_reader; /* with processes of its own: no page waits for a picture */
	struct failed_previews *failed_previews;
	struct upload_reader *upload_reader;
	struct apart *apart; /* where slow requests are served */
	struct deadlines *deadlines;
	struct known_counts *counts;
	struct tally *requests; /* for each network, from header to end of answer */
	struct tally *uploads;	/* for each member, or sender's page: forms with files */
	struct MHD_Daemon *daemon;
};

enum access {
	ACCESS_ANYBODY,
	ACCESS_GUEST, /* guests and members */
	ACCESS_HALF,  /* the second factor is still missing */
	ACCESS_MEMBER,
};

enum route_form {
	FORM_FIELDS,
	FORM_TEXT,  /* as long as one with files, but without them: from anybody */
	FORM_FILES, /* with files, as large as the settings allow */
	FORM_ADDED, /* the same, from whoever has the link to a sender's page */
	FORM_PIECE, /* with a piece of a file (large_file.h) */
};

/* Where a request is served, so that nobody has to wait for someone else's. */
enum serving {
	SERVED_HERE,  /* by libmicrohttpd's thread: waits for nothing, not even for the database */
	SERVED_APART, /* by our own threads (portal/web/apart.h) */
	SERVED_LAST,  /* the same, and waits for another process of ours: postseal-reader, gpg */
	SERVED_PICTURE, /* the same, for a picture of a page: never in the place of a page */
};

struct request;
typedef enum MHD_Result serve_request(struct request *request);
/* The page with a form that was not carried out, with what was typed into it; `why` is for the
 * reader, in the reader's language. The visitor may be signed out, and the database may be
 * unreachable. */
typedef enum MHD_Result give_back_form(struct request *request, unsigned status, const char *why);

struct route {
	const char *method;
	const char *path; /* a path that ends with "/" takes something after it */
	serve_request *serve;
	enum access access;
	enum route_form form;
	enum serving serving;
	give_back_form *give_back; /* NULL: nothing that is typed there would be missed */
};

struct request {
	struct web_request web;
	struct portal *portal;
	const struct route *route;
	struct connection *connection; /* to the database, while the request is served */
	gint64 begun;		       /* from g_get_monotonic_time() */
	struct session session;
	bool cookie_is_new;
	bool is_counted; /* in portal->requests */
	char *uploader;	 /* counted in portal->uploads under this name; or NULL */
	bool is_one_upload_too_many;
	bool is_given_back; /* the form is; if that fails too, a separate page says so */
};

struct request *request_new(struct portal *portal, struct MHD_Connection *mhd, const char *path);
/* False: the network already has as many requests as allowed, and this one must be turned away. */
bool request_count(struct request *request);
void request_free(struct request *request);

/* Call before the body: how much of it is accepted, if any, from this visitor. */
void request_expect_form(struct request *request);
/* Does what the route says, after the checks that all routes share. */
enum MHD_Result request_serve(struct request *request);
/* The same in another thread; libmicrohttpd calls again once there is an answer to send. */
enum MHD_Result request_serve_apart(struct request *request);
/* Answers with a sentence: too many requests at once. */
enum MHD_Result request_turn_away(struct request *request);
/* How portal->apart handles requests. */
extern const struct apart_work request_apart_work;
/* Gives the database connection back, for others to use while something takes long. */
void request_rest(struct request *request);
/* The member who makes the request, as one who writes; as long as the request has its connection.
 */
struct author request_author(const struct request *request);
/* Takes another one in the place of one on which a batch failed. */
bool request_connect_again(struct request *request, struct fault *fault);

/* "" if the form or the query has no such field. */
const char *request_field(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);

/* The address typed into the field; surrounding blanks are ignored. False: it is not an address. */
bool request_address(const struct request *request, const char *name, struct address *address_r);

/* The text in the reader's language. */
const char *request_say(const struct request *request, const char *text)
	__attribute__((format_arg(2)));
/* "24 Nov 2026, 15:04" in the format of the reader's language; caller frees. */
char *request_date(const struct request *request, gint64 at);
char *request_size(const struct request *request, uint64_t bytes);

const char *request_cookie_name(const struct request *request);
/* The token in our forms, which only this browser's cookie yields. */
void request_form_token(const struct request *request, char text_r[SEAL_KEY_CHARACTERS + 1]);

/* Does the form come from a page that this browser got from us? */
bool request_form_is_ours(const struct request *request);

/* Replaces the session with one that has a new cookie: signed in, signed out, or with more messages
 * opened. Commits the open batch. */
bool request_begin_session(struct request *request, const GPtrArray *opened, struct fault *fault);

/* Queries the database with one text as parameter. Caller frees *result_r. */
bool request_ask(struct request *request, const struct statement *statement, const char *about,
		 PGresult **result_r, struct fault *fault);

#endif
