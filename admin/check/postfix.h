/*
 * The Postfix of this machine as it is in force: main.cf with its defaults, and what master.cf says
 * for a service (postconf(1)). The environment variable MAIL_CONFIG names another one.
 */
#ifndef POSTSEAL_ADMIN_CHECK_POSTFIX_H
#define POSTSEAL_ADMIN_CHECK_POSTFIX_H

#include <glib.h>
#include <stdbool.h>

#include "core/fault.h"

struct postfix_service {
	char *name;    /* "smtp/inet" */
	char *program; /* "smtpd" */
	bool chrooted;
};

struct postfix {
	GHashTable *values;  /* parameter, or service/parameter, → value */
	GPtrArray *services; /* struct postfix_service */
};

/* NULL without a fault where there is no Postfix. */
struct postfix *postfix_read(struct fault *fault);
void postfix_free(struct postfix *postfix);

/* What is in force for a service, or (NULL) for all; "" where nothing is known. */
const char *postfix_value(const struct postfix *postfix, const char *service,
			  const char *parameter);
const struct postfix_service *postfix_service(const struct postfix *postfix, const char *name);
/* The smtpd services that take mail from others: not those that wire made. */
GPtrArray *postfix_listeners(const struct postfix *postfix);

/* The elements of a list, separated by commas and blanks; "{ a, b }" is one. g_strfreev() frees it.
 */
GStrv postfix_list(const char *text);
/* What a program of Postfix prints, or NULL. */
char *postfix_ask(const char *const *command);

#endif
