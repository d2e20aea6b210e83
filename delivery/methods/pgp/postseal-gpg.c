/*
 * Runs gpg for the milter, one job after another (delivery/methods/pgp/protocol.h), until the
 * milter is gone: postseal-gpg PROGRAM HOME SECONDS, with the socket to the milter as standard
 * input.
 *
 * GPGME starts gpg with fork(2), which copies the page tables of the whole process: in the milter
 * with its threads, that costs more than gpg itself; here it costs little.
 *
 * A job that takes longer than SECONDS is ended, and this program with it: gpg is in its process
 * group.
 */
#include <errno.h>
#include <gpgme.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "delivery/methods/pgp/protocol.h"

enum { WHY_MAX = 500 };

/* A key of ours that is in gpg's keyring. */
struct signer {
	struct signer *next;
	char *file;
	gpgme_key_t key;
};

static struct signer *signers;

static bool
failed(char *why, gpgme_error_t error, const char *doing)
{
	snprintf(why, WHY_MAX, "%s with gpg: %s", doing, gpgme_strerror(error));
	return false;
}

/* --- our key --- */

/* gpg finds the public half in its keyring, and the private half through the keeper's agent. */
static gpgme_error_t
import(gpgme_ctx_t context, const char *file, gpgme_key_t *key_r)
{
	gpgme_data_t data;
	gpgme_import_result_t result;
	gpgme_error_t error = gpgme_data_new_from_file(&data, file, 1);

	if (error != 0)
		return error;
	error = gpgme_op_import(context, data);
	gpgme_data_release(data);
	if (error != 0)
		return error;
	result = gpgme_op_import_result(context);
	if (result == NULL || result->imports == NULL || result->imports->fpr == NULL)
		return gpgme_error(GPG_ERR_NO_PUBKEY);
	return gpgme_get_key(context, result->imports->fpr, key_r, 1);
}

static bool
add_signer(gpgme_ctx_t context, const char *file, char *why)
{
	struct signer *signer = signers;
	gpgme_error_t error;

	while (signer != NULL && strcmp(signer->file, file) != 0)
		signer = signer->next;
	if (signer == NULL) {
		struct signer fresh = {.next = signers};

		error = import(context, file, &fresh.key);
		if (error != 0)
			return failed(why, error, "preparing our key");
		signer = malloc(sizeof *signer);
		fresh.file = strdup(file);
		if (signer == NULL || fresh.file == NULL)
			return failed(why, gpgme_error(GPG_ERR_ENOMEM), "preparing our key");
		*signer = fresh;
		signers = signer;
	}
	error = gpgme_signers_add(context, signer->key);
	return error == 0 || failed(why, error, "choosing our key");
}

/* --- whether gpg did its work --- */

/* GPGME reads gpg's status messages but not its exit status, so it does not notice a gpg that could
 * not read or write everything. It leaves its children to whoever adopts orphans, which is this
 * process. Returns true if all have ended since the last call, and none has failed. */
static bool
all_ended_well(void)
{
	int status;
	bool well = true;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || (pid < 0 && errno == EINTR))
		well = well && (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	return well;
}

/* --- a job --- */

struct job {
	const char *own; /* file with our key to sign or to decrypt with, or NULL */
	bool decrypts;
	const char *recipients; /* or the home in which to decrypt */
	int in, out;
};

/* Splits the text into lines, in place. */
static bool
parse(char *text, struct job *job, char *why)
{
	static const char sign[] = "sign ", decrypt[] = "decrypt ";
	char *end = strchr(text, '\n');

	if (end == NULL) {
		snprintf(why, WHY_MAX, "beginning with gpg: the job is no text of lines");
		return false;
	}
	*end = '\0';
	job->decrypts = strncmp(text, decrypt, strlen(decrypt)) == 0;
	job->own = job->decrypts			    ? text + strlen(decrypt)
		   : strncmp(text, sign, strlen(sign)) == 0 ? text + strlen(sign)
							    : NULL;
	job->recipients = end + 1;
	return true;
}

/* The text for gpg to read. GPGME asks for the next piece when gpg has taken the last one, and
 * cannot tell a gpg that stopped reading from one that has everything: `ended` distinguishes them.
 */
struct plain {
	int fd;
	bool ended;
};

static ssize_t
read_plain(void *handle, void *data, size_t length)
{
	struct plain *plain = handle;
	ssize_t got;

	do
		got = read(plain->fd, data, length);
	while (got < 0 && errno == EINTR);
	plain->ended = got == 0;
	return got;
}

static bool
encrypt(gpgme_ctx_t context, const struct job *job, char *why)
{
	const gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS;
	struct gpgme_data_cbs reader = {.read = read_plain};
	struct plain source = {.fd = job->in};
	gpgme_data_t plain = NULL, sealed = NULL;
	gpgme_encrypt_result_t result = NULL;
	gpgme_error_t error = gpgme_data_new_from_cbs(&plain, &reader, &source);

	all_ended_well(); /* gpg runs for other questions (its version, a key) may fail */
	if (error == 0)
		error = gpgme_data_new_from_fd(&sealed, job->out);
	if (error == 0)
		error = job->own != NULL ? gpgme_op_encrypt_sign_ext(context, NULL, job->recipients,
								     flags, plain, sealed)
					 : gpgme_op_encrypt_ext(context, NULL, job->recipients,
								flags, plain, sealed);
	if (error == 0)
		result = gpgme_op_encrypt_result(context);
	gpgme_data_release(plain);
	gpgme_data_release(sealed);
	if (error != 0)
		return failed(why, error, "sealing");
	if (result == NULL || result->invalid_recipients != NULL)
		snprintf(why, WHY_MAX, "sealing with gpg: it refused a recipient's key");
	else if (!all_ended_well())
		snprintf(why, WHY_MAX, "sealing with gpg: it failed, or was ended by somebody");
	else if (!source.ended)
		snprintf(why, WHY_MAX, "sealing with gpg: it did not read everything");
	return *why == '\0';
}

/* gpg itself refuses what is not protected against changes (MDC, AEAD), and more than one message.
 */
static bool
decrypt(gpgme_ctx_t context, const struct job *job, char *why)
{
	struct gpgme_data_cbs reader = {.read = read_plain};
	struct plain source = {.fd = job->in};
	gpgme_data_t sealed = NULL, plain = NULL;
	gpgme_decrypt_result_t result = NULL;
	gpgme_key_t key = NULL;
	gpgme_error_t error = import(context, job->own, &key);

	gpgme_key_unref(key);
	all_ended_well();
	if (error == 0)
		error = gpgme_data_new_from_cbs(&sealed, &reader, &source);
	if (error == 0)
		error = gpgme_data_new_from_fd(&plain, job->out);
	if (error == 0)
		error = gpgme_op_decrypt(context, sealed, plain);
	if (error == 0)
		result = gpgme_op_decrypt_result(context);
	gpgme_data_release(sealed);
	gpgme_data_release(plain);
	if (error != 0)
		return failed(why, error, "decrypting");
	if (result == NULL || result->legacy_cipher_nomdc || !all_ended_well())
		snprintf(why, WHY_MAX, "decrypting with gpg: it failed");
	return *why == '\0';
}

/* No pinentry mode is set: the keeper's agent has no pinentry and rejects the option. */
static void
work(const struct job *job, const char *program, char *why)
{
	gpgme_ctx_t context;
	gpgme_error_t error = gpgme_new(&context);

	if (error != 0) {
		failed(why, error, "beginning");
		return;
	}
	if (job->decrypts) {
		error = gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, program,
						  job->recipients);
		if (error != 0)
			failed(why, error, "beginning");
		else
			decrypt(context, job, why);
		gpgme_release(context);
		return;
	}
	gpgme_set_armor(context, 1);
	if (job->own == NULL || add_signer(context, job->own, why))
		encrypt(context, job, why);
	gpgme_release(context);
}

/* --- the program --- */

/* When the program's path is set, GPGME runs gpg to ask for its version. */
static bool
begin(const char *program, const char *home, char *why)
{
	static bool begun;
	gpgme_error_t error;

	if (begun)
		return true;
	gpgme_check_version(NULL);
	error = gpgme_set_engine_info(GPGME_PROTOCOL_OpenPGP, program, home);
	begun = error == 0;
	return begun || failed(why, error, "beginning");
}

static void
end_group(int number)
{
	(void)number;
	kill(0, SIGKILL);
}

int
main(int argc, char **argv)
{
	int type;
	socklen_t size = sizeof type;
	struct job job;
	char *text;

	if (argc != 4 || getpgrp() != getpid() ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
		fputs("postseal-gpg: only the other programs of Postseal start this program\n",
		      stderr);
		return 2;
	}
	signal(SIGALRM, end_group);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
		perror("postseal-gpg: adopting gpg");
		return 1;
	}
	while ((text = gpg_job_receive(STDIN_FILENO, &job.in, &job.out)) != NULL) {
		char why[WHY_MAX] = "";

		alarm((unsigned)strtoul(argv[3], NULL, 10));
		if (begin(argv[1], argv[2], why) && parse(text, &job, why))
			work(&job, argv[1], why);
		close(job.in);
		close(job.out);
		free(text);
		alarm(0);
		if (!gpg_job_answer(STDIN_FILENO, why))
			break;
	}
	return 0;
}
