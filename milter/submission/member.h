/*
 * The members' milter: what all its sessions share, and the phases of a connection (libmilter).
 *
 * The MTA delivers nothing of what members submit: whatever a message becomes, it is either refused
 * or discarded at its end. So a member can reach nobody through the MTA whom the portal would not
 * let them write to.
 */
#ifndef POSTSEAL_MILTER_SUBMISSION_MEMBER_H
#define POSTSEAL_MILTER_SUBMISSION_MEMBER_H

#include <libmilter/mfapi.h>

#include "core/seal/ring.h"
#include "core/spool.h"
#include "policy/policy.h"

struct member_service {
	const struct settings *settings;
	struct policy *policy;
	struct database *database;
	struct ring *courier;	    /* of courier.pub */
	struct spool_settings body; /* of each message */
	gint messages;		    /* that are being committed */
};

/* For smfi_register(). `service` must outlive smfi_main(). */
struct smfiDesc member_callbacks(struct member_service *service);

#endif
