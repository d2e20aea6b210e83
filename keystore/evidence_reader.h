/*
 * Has postseal-keyreader judge what came from the network about a certificate: foreign CRLs and
 * OCSP responses are parsed in a process of their own, which is killed when it takes too long.
 */
#ifndef POSTSEAL_KEYSTORE_EVIDENCE_READER_H
#define POSTSEAL_KEYSTORE_EVIDENCE_READER_H

#include "core/fault.h"
#include "keystore/evidence.h"

struct evidence_reader;
struct evidence_reader *evidence_reader_new(void);
void evidence_reader_free(struct evidence_reader *reader);

/* As evidence_judge(); caller clears. Waits until `until` (g_get_monotonic_time()) at most. */
bool evidence_read(struct evidence_reader *reader, const struct evidence *evidence, gint64 until,
		   struct verdict *verdict_r, struct fault *fault);

#endif
