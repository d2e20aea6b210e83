/*
 * A certificate or OpenPGP key that its owner uploads in the portal: checked, and stored with the
 * statement that they uploaded it while signed in. It replaces an earlier one of the same kind.
 * Private keys are rejected. keystore_find() decides whether mail is encrypted to it.
 */
#ifndef POSTSEAL_KEYSTORE_UPLOAD_H
#define POSTSEAL_KEYSTORE_UPLOAD_H

#include "core/database.h"
#include "core/settings.h"
#include "keystore/facts.h"

/* Reads uploads in separate processes, postseal-keyreader, since a file may make gpg hang or keep
 * it busy: each has as much time as `gpg timeout` allows, and is then killed together with gpg. */
struct upload_reader;
struct upload_reader *upload_reader_new(const struct settings *settings);
void upload_reader_free(struct upload_reader *reader);

/* The one key or certificate in the bytes (keystore/reading.h); it must name the folded address and
 * be usable now. NULL with `fault` filled: FAULT_INPUT, with a sentence for its owner;
 * FAULT_OVERLOAD, as other uploads are being read. Caller frees. */
struct key_facts *upload_read(struct upload_reader *reader, const void *bytes, size_t length,
			      const char *address, struct fault *fault);

/* *stored_r: false if there is no account for that address, or the address is an employee's. The
 * key is used once the statement is made. */
bool upload_store(struct connection *connection, const struct key_facts *key, const char *address,
		  bool *stored_r, struct fault *fault);
/* States, in the open batch, that its owner uploaded it. */
bool upload_attest(struct connection *connection, const struct key_facts *key, const char *address,
		   struct fault *fault);
/* Withdraws, in the open batch, a key that this address uploaded. */
bool upload_withdraw(struct connection *connection, const char *kind, const char *fingerprint,
		     const char *address, struct fault *fault);

#endif
