/*
 * Reads one uploaded key or certificate for the portal (keystore/upload_judge.h) or, with the
 * argument "found", what a source in the network returned for an address (keystore/found_judge.h),
 * or, with "evidence", what a CRL or an OCSP responder says of a certificate (keystore/evidence.h);
 * from the socket that is its standard input, replies, and exits. If that takes too long, whoever
 * asked kills it together with gpg, which is in its process group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/transfer.h"
#include "keystore/evidence_wire.h"
#include "keystore/found_judge.h"
#include "keystore/found_wire.h"
#include "keystore/key_wire.h"
#include "keystore/upload_judge.h"
#include "mail/mime_stream.h"

static GBytes *
judge_upload(GBytes *question)
{
	GBytes *verdict;
	struct upload_file file;
	struct key_facts *key;
	struct fault fault = {0};

	if (!upload_file_unpack(question, &file))
		return NULL;
	/* gpg's home is created in a directory that will be removed even if we do not get to do it.
	 */
	setenv("TMPDIR", file.folder, 1);
	key = upload_judge(&file, &fault);
	verdict = upload_verdict_pack(key, &fault);
	g_clear_pointer(&key, key_facts_free);
	return verdict;
}

static GBytes *
judge_found(GBytes *question)
{
	g_autoptr(GVariant) value = NULL;
	g_autoptr(GPtrArray) keys = NULL;
	g_autofree char *why = NULL;
	struct found_files files;
	struct fault fault = {0};

	if (!found_files_unpack(question, &files, &value))
		return NULL;
	setenv("TMPDIR", files.folder, 1);
	keys = found_judge(&files, &why, &fault);
	g_ptr_array_unref((GPtrArray *)files.items);
	g_ptr_array_unref((GPtrArray *)files.known);
	return found_keys_pack(keys, why, &fault);
}

static GBytes *
judge_evidence(GBytes *question)
{
	g_auto(evidence_auto) evidence = {0};
	g_auto(verdict_auto) verdict = {0};

	if (!evidence_unpack(question, &evidence))
		return NULL;
	evidence_judge(&evidence, &verdict);
	return verdict_pack(&verdict);
}

/* What is read, by the program's argument. */
static const struct {
	const char *argument;
	GBytes *(*judge)(GBytes *question);
	size_t most; /* bytes of a question or an answer */
} jobs[] = {
	{"", judge_upload, UPLOAD_WIRE_MAX},
	{"found", judge_found, FOUND_WIRE_MAX},
	{"evidence", judge_evidence, EVIDENCE_WIRE_MAX},
};

static bool
answer(GBytes *(*judge)(GBytes *question), size_t most)
{
	g_autoptr(GBytes) question = key_wire_receive(STDIN_FILENO, most, TRANSFER_FOREVER);
	g_autoptr(GBytes) verdict = question == NULL ? NULL : judge(question);

	return verdict != NULL && key_wire_send(STDIN_FILENO, verdict, most, TRANSFER_FOREVER);
}

int
main(int argc, char **argv)
{
	const char *argument = argc == 2 ? argv[1] : "";
	int type;
	socklen_t size = sizeof type;

	if (getpgrp() != getpid() ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
		fputs("postseal-keyreader: is started by our other programs only\n", stderr);
		return 2;
	}
	memory_start();
	mime_start();
	for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++)
		if (strcmp(argument, jobs[i].argument) == 0)
			return answer(jobs[i].judge, jobs[i].most) ? EXIT_SUCCESS : EXIT_FAILURE;
	return EXIT_FAILURE;
}
