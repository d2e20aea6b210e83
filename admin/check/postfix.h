/*
 * The effective configuration of Postfix on this machine: main.cf with its defaults, and what
 * master.cf overrides for each service (postconf(1)). The environment variable MAIL_CONFIG selects
 * another one.
 */
#ifndef POSTSEAL_ADMIN_CHECK_POSTFIX_H
#define POSTSEAL_ADMIN_CHECK_POSTFIX_H

#include <glib.h>
#include <stdbool.h>

#include "admin/as_user.h"

struct postfix_service {
	char *name;    /* "smtp/inet" */
	char *program; /* "smtpd" */
	bool chrooted;
	bool is_for_members; /* of the portal, who sign in there (submission sasl) */
	bool takes_back;     /* from Postseal (reinject), and from nobody on another machine */
};

struct postfix {
	GHashTable *values;  /* parameter, or service/parameter, → value */
	GPtrArray *services; /* struct postfix_service */
};

/* NULL without a fault if there is no Postfix. */
struct postfix *postfix_read(struct fault *fault);
void postfix_free(struct postfix *postfix);

/* The effective value for a service, or (NULL) for all; "" if unknown. */
const char *postfix_value(const struct postfix *postfix, const char *service,
			  const char *parameter);
const struct postfix_service *postfix_service(const struct postfix *postfix, const char *name);
/* The one that listens at "unix:/path" or "smtp://host:port", or NULL. Ports are compared, whatever
 * the host is called: master.cf may have it as "localhost:10026", "10026" or by its name in
 * services(5). */
struct postfix_service *postfix_service_at(const struct postfix *postfix, const char *url);
/* What a process of the service may do: as its user, from the queue directory, and in its chroot if
 * it has one; `seconds` is the limit. */
struct as_user postfix_as_user(const struct postfix *postfix, const char *service,
			       unsigned seconds);
/* The smtpd services that accept mail from others: not those that wire created, nor those that take
 * mail back from Postseal, nor those for members of the portal. */
GPtrArray *postfix_listeners(const struct postfix *postfix);

/* The elements of a list, separated by commas and blanks; "{ a, b }" is one. Free with
 * g_strfreev(). */
GStrv postfix_list(const char *text);
/* How many seconds a Postfix program may take. */
#define POSTFIX_PATIENCE "20"
/* Does it succeed in time? Caller frees what it printed, which is NULL if it cannot be run;
 * errors_r may be NULL. */
bool postfix_run(const char *const *command, char **output_r, char **errors_r);
/* The output of a Postfix program, or NULL. */
char *postfix_ask(const char *const *command);
/* A table as it is behind proxymap(8), which may not run, and root does not need. */
const char *postfix_table(const char *table);

#endif
