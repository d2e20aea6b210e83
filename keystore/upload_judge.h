/*
 * Decides whether an uploaded file holds a key or certificate that its owner may have mail
 * encrypted to; and encodes the file and the verdict as bytes, on the way to the process that
 * decides, and back.
 */
#ifndef POSTSEAL_KEYSTORE_UPLOAD_JUDGE_H
#define POSTSEAL_KEYSTORE_UPLOAD_JUDGE_H

#include "core/fault.h"
#include "keystore/facts.h"

enum { UPLOAD_WIRE_MAX = 1024 * 1024 }; /* bytes, of a file or a verdict */

struct upload_file {
	const void *bytes;
	size_t length;
	const char *address; /* folded */
	const char *gpg_program;
	const char *folder; /* for temporary files: removed by the caller */
};

/* The one key or certificate in it that is meant (keystore/reading.h). NULL, with `fault`'s text a
 * sentence for its owner. Caller frees. */
struct key_facts *upload_judge(const struct upload_file *file, struct fault *fault);

GBytes *upload_file_pack(const struct upload_file *file);
/* False if it is not a file. The file is valid for as long as the bytes. */
bool upload_file_unpack(GBytes *bytes, struct upload_file *file_r);
/* `key` NULL: the verdict is the fault. Of a key, everything that is needed to store it. */
GBytes *upload_verdict_pack(const struct key_facts *key, const struct fault *fault);
/* NULL with `fault` filled: with the verdict, or with FAULT_CRYPTO if the bytes are not one. Caller
 * frees. */
struct key_facts *upload_verdict_unpack(GBytes *bytes, struct fault *fault);

#endif
