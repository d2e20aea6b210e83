/*
 * Asks issuers whether they have revoked certificates that mail needs: by CRLs and OCSP, through
 * postseal-finder; what comes is judged by postseal-keyreader and kept (keystore/status.h). Before
 * a decision only certificates of which nothing is known are asked about, within the time that the
 * setting `keys from` gives; the courier asks ahead for the others.
 *
 * Nothing here fails a message: whether one may go when nobody knows is the setting `revocation`.
 */
#ifndef POSTSEAL_KEYSTORE_REVOCATION_H
#define POSTSEAL_KEYSTORE_REVOCATION_H

#include "core/database.h"
#include "keystore/key.h"

/* NULL wherever one is expected: nobody is asked. */
struct revocation_inquiry;

struct revocation_settings {
	struct database *database;
	const char *finder; /* socket of the finder */
};

/* Copies the settings. */
struct revocation_inquiry *revocation_new(const struct revocation_settings *settings);
/* Waits for questions that are under way. */
void revocation_free(struct revocation_inquiry *inquiry);

/* Asks about what is missing of these chains (STACK_OF(X509), each up to its root), until `until`
 * (g_get_monotonic_time()) at most; the courier gets what is late. True if anything was asked: the
 * caller forgets what it has cached (keystore_forget()). */
bool revocation_before(struct revocation_inquiry *inquiry, const GPtrArray *chains, gint64 until);

/* For a courier: asks about a batch of what is due. *more_r: there may be more. False if the
 * database failed. */
bool revocation_round(struct revocation_inquiry *inquiry, bool *more_r, struct fault *fault);

/* Serves the metrics from now on, beginning at 0. */
void revocation_expect(void);

#endif
