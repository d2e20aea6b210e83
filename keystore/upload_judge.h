/*
 * Whether an uploaded file holds a key or certificate that its owner may have mail encrypted to;
 * and the file and the verdict as bytes, on their way to the process that judges, and back.
 */
#ifndef POSTSEAL_KEYSTORE_UPLOAD_JUDGE_H
#define POSTSEAL_KEYSTORE_UPLOAD_JUDGE_H

#include "core/fault.h"
#include "keystore/facts.h"

enum { UPLOAD_WIRE_MAX = 1024 * 1024 }; /* bytes of either */

struct upload_file {
	const void *bytes;
	size_t length;
	const char *address; /* folded */
	const char *gpg_program;
	const char *folder; /* for temporary files: whoever asked removes it */
};

/* The one key or certificate in it that is meant (keystore/reading.h). NULL, with `fault`'s text a
 * sentence for its owner. Caller frees. */
struct key_facts *upload_judge(const struct upload_file *file, struct fault *fault);

GBytes *upload_file_pack(const struct upload_file *file);
/* False: it is none. The file is good as long as the bytes. */
bool upload_file_unpack(GBytes *bytes, struct upload_file *file_r);
/* `key` NULL: the fault. Of a key, all that is needed to store it. */
GBytes *upload_verdict_pack(const struct key_facts *key, const struct fault *fault);
/* NULL with `fault` filled: that is the verdict, or FAULT_CRYPTO, it is none. Caller frees. */
struct key_facts *upload_verdict_unpack(GBytes *bytes, struct fault *fault);

/* Pieces of up to UPLOAD_WIRE_MAX bytes with their length before them; `until` as in
 * core/transfer.h. */
bool upload_wire_send(int socket, GBytes *bytes, int64_t until);
GBytes *upload_wire_receive(int socket, int64_t until);

#endif
