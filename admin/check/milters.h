/*
 * The milters of a Postfix service, as listed in smtpd_milters and non_smtpd_milters.
 */
#ifndef POSTSEAL_ADMIN_CHECK_MILTERS_H
#define POSTSEAL_ADMIN_CHECK_MILTERS_H

#include "admin/check/check.h"

/* "unix:/path" of an element, which may be "{ unix:/path, timeout=1 }". Caller frees. */
char *milters_address(const char *element);
/* Is the path that Postfix has for a service, or NULL for any, our socket? Its paths may be
 * relative to its queue directory; in a chroot, all are. */
bool milters_is_same_socket(const struct check *check, const char *path, const char *ours,
			    const char *service);
/* Is it a port, and the same? Postfix writes "inet:host:port", libmilter "inet:port@host": only the
 * port is compared. */
bool milters_is_same_port(const char *address, const char *listen);
/* Is it the socket that our milter listens on? */
bool milters_is_ours(const struct check *check, const char *address, const char *service);
/* The element of a list that is our milter, or NULL; *place_r is its index. Caller frees. */
char *milters_find(const struct check *check, const char *list, const char *service,
		   guint *place_r);
/* Does it sign what passes it? As contrib/postfix/wire knows: by its address or, for root, by the
 * program that listens there, or because wire was told (-s). */
bool milters_sign(const struct check *check, const char *address);
/* The name of the program that listens at an address of Postfix, if /proc shows it to the caller,
 * or NULL. Caller frees. */
char *milters_program(const struct check *check, const char *address);
/* What its command line has after an option, or NULL. Caller frees. */
char *milters_option(const struct check *check, const char *address, const char *option);

/* Does another product's content_filter hand mail back here: is this a service for this machine
 * only, without a content_filter of its own, in addition to one that has such a filter? Mail that
 * comes back has already been decided on. */
bool milters_is_return(const struct check *check, const char *service);
/* Can only this machine connect to the service, by its name in master.cf? */
bool milters_is_local(const char *service);
/* Does it use no milter at all? */
bool milters_are_off(const struct check *check, const char *service);

/* Is mail generally led to a second pass? */
bool milters_have_two_passes(const struct check *check);
/* Does this service hand messages to a second pass, so that the milter only takes notes? */
bool milters_come_again(const struct check *check, const char *service);
/* Mail from outside has a second pass of its own, where signing milters see its true client. */
enum milters_origin { MILTERS_INSIDE, MILTERS_OUTSIDE };

/* The smtpd of the second pass, or NULL. */
const struct postfix_service *milters_second_pass(const struct check *check,
						  enum milters_origin origin);
/* The transport that leads there, "postseal-edge/unix". */
const char *milters_transport(enum milters_origin origin);

#endif
