/*
 * Reads one uploaded key or certificate for the portal (keystore/upload_judge.h) or, with the
 * argument "found", what a source in the network returned for an address (keystore/found_judge.h),
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
	const bool is_found = argc == 2 && strcmp(argv[1], "found") == 0;
	int type;
	socklen_t size = sizeof type;

	if (getpgrp() != getpid() ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
		fputs("postseal-keyreader: is started by our other programs only\n", stderr);
		return 2;
	}
	memory_start();
	mime_start();
	return (is_found ? answer(judge_found, FOUND_WIRE_MAX)
			 : answer(judge_upload, UPLOAD_WIRE_MAX))
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
