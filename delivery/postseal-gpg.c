/*
 * Starts gpg for the milter, with a limit of time that gpg cannot forget: an alarm survives
 * execve(2), and nobody catches it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *gpg = getenv("POSTSEAL_GPG");
	const char *seconds = getenv("POSTSEAL_GPG_SECONDS");

	(void)argc;
	if (gpg == NULL || seconds == NULL) {
		fputs("postseal-gpg: is started by the other programs of Postseal only\n", stderr);
		return 2;
	}
	alarm((unsigned)strtoul(seconds, NULL, 10));
	execv(gpg, argv);
	fprintf(stderr, "postseal-gpg: starting %s: %s\n", gpg, strerror(errno));
	return 2;
}
