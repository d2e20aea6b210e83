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

enum { WHY_MAX = 500, SIGNATURES_MAX = 8, FOUND_MAX = SIGNATURES_MAX * 100 };

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
 * process. How those ended that have done so since the last call: */
enum ending { ENDED_WELL, ENDED_WITH_ERRORS, ENDED_BY_SOMEBODY };

static enum ending
how_all_ended(void)
{
	int status;
	enum ending ending = ENDED_WELL;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			ending = ENDED_BY_SOMEBODY;
		else if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0) &&
			 ending == ENDED_WELL)
			ending = ENDED_WITH_ERRORS;
	}
	return ending;
}

/* --- a job --- */

enum work { WORK_ENCRYPT, WORK_DECRYPT, WORK_VERIFY };

struct job {
	enum work work;
	const char *keys; /* file with our key to sign or to decrypt with, and with those that may
			     have signed; or NULL */
	const char *recipients;
	const char *home;      /* to decrypt and to verify */
	const char *signature; /* file, to verify what is signed apart; or NULL */
	int in, out;
};

/* Ends the line in place; NULL: there is none. */
static char *
next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return line;
}

static const char *
after(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0 ? line + strlen(word) : NULL;
}

static bool
parse(char *text, struct job *job, char *why)
{
	const char *line = next_line(&text);

	*job = (struct job){.in = job->in, .out = job->out};
	if (line != NULL && (job->keys = after(line, "decrypt ")) != NULL) {
		job->work = WORK_DECRYPT;
		job->home = next_line(&text);
	} else if (line != NULL && (job->keys = after(line, "verify ")) != NULL) {
		job->work = WORK_VERIFY;
		job->home = next_line(&text);
		job->signature = *text == '\0' ? NULL : next_line(&text);
	} else if (line != NULL) {
		job->keys = after(line, "sign ");
		job->recipients = text;
	}
	if (line != NULL && (job->work == WORK_ENCRYPT || job->home != NULL))
		return true;
	snprintf(why, WHY_MAX, "beginning with gpg: the job is no text of lines");
	return false;
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

	how_all_ended(); /* gpg runs for other questions (its version, a key) may fail */
	if (error == 0)
		error = gpgme_data_new_from_fd(&sealed, job->out);
	if (error == 0)
		error = job->keys != NULL
				? gpgme_op_encrypt_sign_ext(context, NULL, job->recipients, flags,
							    plain, sealed)
				: gpgme_op_encrypt_ext(context, NULL, job->recipients, flags, plain,
						       sealed);
	if (error == 0)
		result = gpgme_op_encrypt_result(context);
	gpgme_data_release(plain);
	gpgme_data_release(sealed);
	if (error != 0)
		return failed(why, error, "sealing");
	if (result == NULL || result->invalid_recipients != NULL)
		snprintf(why, WHY_MAX, "sealing with gpg: it refused a recipient's key");
	else if (how_all_ended() != ENDED_WELL)
		snprintf(why, WHY_MAX, "sealing with gpg: it failed, or was ended by somebody");
	else if (!source.ended)
		snprintf(why, WHY_MAX, "sealing with gpg: it did not read everything");
	return *why == '\0';
}

/* --- signatures --- */

/* A gpg that somebody ended says nothing about the message, so there is no answer about it. */
static enum ending
how_reading_ended(void)
{
	const enum ending ending = how_all_ended();

	if (ending == ENDED_BY_SOMEBODY)
		exit(EXIT_FAILURE);
	return ending;
}

/* Adds all keys to the keyring of the home, at once: some may be worth nothing. */
static gpgme_error_t
import_all(gpgme_ctx_t context, const char *file)
{
	gpgme_data_t data;
	gpgme_error_t error = gpgme_data_new_from_file(&data, file, 1);

	if (error != 0)
		return error;
	error = gpgme_op_import(context, data);
	gpgme_data_release(data);
	return error;
}

static const char *
word_for(const struct _gpgme_signature *signature)
{
	switch (gpgme_err_code(signature->status)) {
	case GPG_ERR_NO_ERROR:
		return "good";
	case GPG_ERR_BAD_SIGNATURE:
		return "bad";
	case GPG_ERR_SIG_EXPIRED:
		return "expired";
	case GPG_ERR_KEY_EXPIRED:
		return "key-expired";
	case GPG_ERR_CERT_REVOKED:
		return "key-revoked";
	case GPG_ERR_NO_PUBKEY:
		return "key-unknown";
	default:
		return "unreadable";
	}
}

/* gpg names the subkey that signed; people and the key store know the primary key. */
static bool
add_signature(gpgme_ctx_t context, const struct _gpgme_signature *signature, char *found, char *why)
{
	const char *word = word_for(signature);
	size_t used = strlen(found);
	gpgme_key_t key = NULL;
	gpgme_error_t error = 0;

	if (strcmp(word, "key-unknown") != 0 && signature->fpr != NULL)
		error = gpgme_get_key(context, signature->fpr, &key, 0);
	if (error != 0)
		return failed(why, error, "looking for the key that signed");
	snprintf(found + used, FOUND_MAX - used, "%s %s %u\n", word,
		 key == NULL || key->fpr == NULL ? "-" : key->fpr, (unsigned)signature->hash_algo);
	gpgme_key_unref(key);
	return true;
}

static bool
add_signatures(gpgme_ctx_t context, gpgme_verify_result_t result, char *found, char *why)
{
	unsigned count = 0;

	for (gpgme_signature_t each = result == NULL ? NULL : result->signatures;
	     each != NULL && count < SIGNATURES_MAX; each = each->next, count++)
		if (!add_signature(context, each, found, why))
			return false;
	return true;
}

static ssize_t
forget(void *handle, const void *data, size_t length)
{
	(void)handle;
	(void)data;
	return (ssize_t)length;
}

/* With a signature that is apart, `text` is what it is about; otherwise the text with the signature
 * in it. gpg's exit status says no more than its status messages: it fails for a signature that is
 * not good. */
static bool
check(gpgme_ctx_t context, const struct job *job, gpgme_data_t text, char *why)
{
	struct gpgme_data_cbs writer = {.write = forget};
	gpgme_data_t signature = NULL, plain = NULL;
	gpgme_error_t error = job->signature != NULL
				      ? gpgme_data_new_from_file(&signature, job->signature, 1)
				      : gpgme_data_new_from_cbs(&plain, &writer, NULL);

	if (error == 0)
		error = job->signature != NULL ? gpgme_op_verify(context, signature, text, NULL)
					       : gpgme_op_verify(context, text, NULL, plain);
	gpgme_data_release(signature);
	gpgme_data_release(plain);
	return error == 0 || gpgme_err_code(error) == GPG_ERR_NO_DATA ||
	       failed(why, error, "checking a signature");
}

static bool
verify(gpgme_ctx_t context, const struct job *job, char *found, char *why)
{
	struct gpgme_data_cbs reader = {.read = read_plain};
	struct plain source = {.fd = job->in};
	gpgme_data_t text = NULL;
	gpgme_error_t error = import_all(context, job->keys);

	how_all_ended();
	if (error == 0)
		error = gpgme_data_new_from_cbs(&text, &reader, &source);
	if (error != 0)
		return failed(why, error, "checking a signature");
	check(context, job, text, why);
	gpgme_data_release(text);
	how_reading_ended();
	if (*why == '\0' && !source.ended)
		snprintf(why, WHY_MAX, "checking a signature with gpg: it did not read everything");
	return *why == '\0' && add_signatures(context, gpgme_op_verify_result(context), found, why);
}

/* --- decrypting --- */

static bool
are_all_good(gpgme_verify_result_t result)
{
	for (gpgme_signature_t each = result == NULL ? NULL : result->signatures; each != NULL;
	     each = each->next)
		if (gpgme_err_code(each->status) != GPG_ERR_NO_ERROR)
			return false;
	return true;
}

/* gpg itself refuses what is not protected against changes (MDC, AEAD), and more than one message.
 * It fails, with everything decrypted, if a signature in it is not good. */
static bool
decrypt(gpgme_ctx_t context, const struct job *job, char *found, char *why)
{
	struct gpgme_data_cbs reader = {.read = read_plain};
	struct plain source = {.fd = job->in};
	gpgme_data_t sealed = NULL, plain = NULL;
	gpgme_decrypt_result_t result = NULL;
	gpgme_error_t error = import_all(context, job->keys);
	enum ending ending;

	how_all_ended();
	if (error == 0)
		error = gpgme_data_new_from_cbs(&sealed, &reader, &source);
	if (error == 0)
		error = gpgme_data_new_from_fd(&plain, job->out);
	if (error == 0)
		error = gpgme_op_decrypt_verify(context, sealed, plain);
	if (error == 0)
		result = gpgme_op_decrypt_result(context);
	gpgme_data_release(sealed);
	gpgme_data_release(plain);
	ending = how_reading_ended();
	if (error != 0)
		return failed(why, error, "decrypting");
	if (result == NULL || result->legacy_cipher_nomdc ||
	    (ending == ENDED_WITH_ERRORS && are_all_good(gpgme_op_verify_result(context))))
		snprintf(why, WHY_MAX, "decrypting with gpg: it failed");
	return *why == '\0' && add_signatures(context, gpgme_op_verify_result(context), found, why);
}

/* In a home of its own. No pinentry mode is set: the keeper's agent has no pinentry and rejects the
 * option. */
static void
read_back(gpgme_ctx_t context, const struct job *job, const char *program, char *found, char *why)
{
	gpgme_error_t error =
		gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, program, job->home);

	if (error != 0)
		failed(why, error, "beginning");
	else if (job->work == WORK_DECRYPT)
		decrypt(context, job, found, why);
	else
		verify(context, job, found, why);
}

static void
work(const struct job *job, const char *program, char *found, char *why)
{
	gpgme_ctx_t context;
	gpgme_error_t error = gpgme_new(&context);

	if (error != 0) {
		failed(why, error, "beginning");
		return;
	}
	if (job->work != WORK_ENCRYPT) {
		read_back(context, job, program, found, why);
	} else {
		gpgme_set_armor(context, 1);
		if (job->keys == NULL || add_signer(context, job->keys, why))
			encrypt(context, job, why);
	}
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
		char why[WHY_MAX] = "", found[FOUND_MAX] = "";

		alarm((unsigned)strtoul(argv[3], NULL, 10));
		if (begin(argv[1], argv[2], why) && parse(text, &job, why))
			work(&job, argv[1], found, why);
		close(job.in);
		close(job.out);
		free(text);
		alarm(0);
		if (!gpg_job_answer(STDIN_FILENO, why, *why == '\0' ? found : ""))
			break;
	}
	return 0;
}
