/*
 * Evidence (keystore/evidence.h) as bytes, on the way to postseal-keyreader, and the verdict on the
 * way back.
 */
#ifndef POSTSEAL_KEYSTORE_EVIDENCE_WIRE_H
#define POSTSEAL_KEYSTORE_EVIDENCE_WIRE_H

#include "keystore/evidence.h"

enum { EVIDENCE_WIRE_MAX = 8 * 1024 * 1024 }; /* bytes of a question or an answer */

/* Callers free. */
GBytes *evidence_pack(const struct evidence *evidence);
GBytes *verdict_pack(const struct verdict *verdict);
/* False if the bytes are not that. */
bool evidence_unpack(GBytes *bytes, struct evidence *evidence_r);
bool verdict_unpack(GBytes *bytes, struct verdict *verdict_r);
void evidence_clear(struct evidence *evidence);
typedef struct evidence evidence_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(evidence_auto, evidence_clear)

#endif
