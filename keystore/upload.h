/*
 * A certificate or OpenPGP key that its owner uploads in the portal: checked, and stored with the
 * statement that they uploaded it while signed in. It takes the place of an earlier one of its
 * kind. Private keys are refused. When mail is encrypted to it, says keystore_find().
 */
#ifndef POSTSEAL_KEYSTORE_UPLOAD_H
#define POSTSEAL_KEYSTORE_UPLOAD_H

#include "core/database.h"
#include "core/settings.h"
#include "keystore/facts.h"

/* Reads uploads in processes beside us, postseal-keyreader, since gpg may hang or be kept busy by a
 * file: each has as long as `gpg timeout` says, and is ended then, with gpg. */
struct upload_reader;
struct upload_reader *upload_reader_new(const struct settings *settings);
void upload_reader_free(struct upload_reader *reader);

/* The one key or certificate in the bytes (keystore/reading.h); it must name the folded address and
 * be usable now. NULL with `fault` filled: FAULT_INPUT, with a sentence for its owner;
 * FAULT_OVERLOAD, others are being read. Caller frees. */
struct key_facts *upload_read(struct upload_reader *reader, const void *bytes, size_t length,
			      const char *address, struct fault *fault);

/* *stored_r: false where there is no account of that address, or it is an employee's. It counts
 * from the statement on. */
bool upload_store(struct connection *connection, const struct key_facts *key, const char *address,
		  bool *stored_r, struct fault *fault);
/* The statement that its owner uploaded it; in the open batch. */
bool upload_attest(struct connection *connection, const struct key_facts *key, const char *address,
		   struct fault *fault);
/* In the open batch: the key counts no more, where it was this address that uploaded it. */
bool upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		     const char *address, struct fault *fault);

#endif
