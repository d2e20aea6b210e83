/*
 * Has postseal-keyreader read what a source in the network returned: foreign keys are parsed in a
 * process of their own, which is killed together with gpg when it takes too long.
 */
#ifndef POSTSEAL_KEYSTORE_FOUND_READER_H
#define POSTSEAL_KEYSTORE_FOUND_READER_H

#include "core/fault.h"
#include "keystore/found.h"

struct found_reader;
struct found_reader *found_reader_new(const char *gpg_program);
void found_reader_free(struct found_reader *reader);

/* As found_judge(); gpg_program and folder in `files` are filled in. Waits until `until`
 * (g_get_monotonic_time()) at most. */
GPtrArray *found_read(struct found_reader *reader, struct found_files *files, gint64 until,
		      char **why_r, struct fault *fault);

#endif
