/* Requests to other authorities, and their answers: for the organisation's own authority, and for
 * employees. */
#ifndef POSTSEAL_ADMIN_CA_REQUEST_H
#define POSTSEAL_ADMIN_CA_REQUEST_H

#include "admin/ca.h"
#include "keystore/keeper.h"

/* What `ca init` and `ca request` are told. */
struct ca_order {
	struct keeper_order order;
	const char *employee; /* --for, as given; NULL: an authority */
};
/* False: wrong usage. */
bool ca_order_read(const struct admin *admin, int argc, char **argv, bool is_request,
		   struct ca_order *order_r);
bool ca_has_left(const struct admin *admin, const char *address, bool *left_r, struct fault *fault);

/* The commands `ca request` and `ca accept`. */
int ca_request(const struct admin *admin, int argc, char **argv);
int ca_accept(const struct admin *admin, int argc, char **argv);

#endif
