/*
 * Reads one uploaded key or certificate for the portal (keystore/upload_judge.h) from the socket
 * that is its standard input, replies, and exits. If that takes too long, the portal kills it
 * together with gpg, which is in its process group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/transfer.h"
#include "keystore/upload_judge.h"
#include "mail/mime_stream.h"

static bool
answer(GBytes *question)
{
	g_autoptr(GBytes) verdict = NULL;
	struct upload_file file;
	struct key_facts *key;
	struct fault fault = {0};

	if (!upload_file_unpack(question, &file))
		return false;
	/* gpg's home is created in a directory that will be removed even if we do not get to do it.
	 */
	setenv("TMPDIR", file.folder, 1);
	key = upload_judge(&file, &fault);
	verdict = upload_verdict_pack(key, &fault);
	g_clear_pointer(&key, key_facts_free);
	return upload_wire_send(STDIN_FILENO, verdict, TRANSFER_FOREVER);
}

int
main(void)
{
	int type;
	socklen_t size = sizeof type;
	g_autoptr(GBytes) question = NULL;

	if (getpgrp() != getpid() ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
		fputs("postseal-keyreader: is started by the portal only\n", stderr);
		return 2;
	}
	memory_start();
	mime_start();
	question = upload_wire_receive(STDIN_FILENO, TRANSFER_FOREVER);
	return question != NULL && answer(question) ? EXIT_SUCCESS : EXIT_FAILURE;
}
