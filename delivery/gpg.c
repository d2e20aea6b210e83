#include "delivery/gpg.h"

#include <errno.h>
#include <gpgme.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery/entity_source.h"
#include "keystore/keeper.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_ctx_t, gpgme_release, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(gpgme_data_t, gpgme_data_release, NULL)

static GMutex import_lock;
static GHashTable *imported; /* fingerprints of our own keys that gpg has */

static bool
gpg_fault(struct fault *fault, gpgme_error_t error, const char *doing)
{
	return fault_set(fault, FAULT_CRYPTO, "%s with gpg: %s", doing, gpgme_strerror(error));
}

/* --- getting ready --- */

/* postseal-gpg stands beside our own program, or where it was installed. */
static char *
starter(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self == NULL ? NULL : g_path_get_dirname(self);
	g_autofree char *beside = folder == NULL ? NULL : g_build_filename(folder, "postseal-gpg", NULL);

	if (beside != NULL && access(beside, X_OK) == 0)
		return g_steal_pointer(&beside);
	return g_build_filename(POSTSEAL_LIBEXECDIR, "postseal-gpg", NULL);
}

/* Where gpg looks for its agent, a file says where the keeper's is; gpg starts none itself. */
static bool
point_at_agent(const struct settings *settings, struct fault *fault)
{
	g_autofree char *pointer = g_build_filename(settings->gpg_home, "S.gpg-agent", NULL);
	g_autofree char *options = g_build_filename(settings->gpg_home, "gpg.conf", NULL);
	g_autofree char *text = g_strdup_printf("%%Assuan%%\nsocket=%s\n", settings->keeper_agent);
	g_autoptr(GError) error = NULL;

	return (g_file_set_contents(pointer, text, -1, &error) &&
		g_file_set_contents(options, "no-autostart\n", -1, &error)) ||
	       fault_set(fault, FAULT_CONFIG, "making the home of gpg ready: %s", error->message);
}

bool
gpg_start(const struct settings *settings, struct fault *fault)
{
	g_autofree char *keys = g_build_filename(settings->gpg_home, "recipients", NULL);
	g_autofree char *program = starter();
	gpgme_error_t error;
	g_autofree char *seconds = g_strdup_printf("%" G_GUINT64_FORMAT, settings->gpg_seconds);

	if (g_mkdir_with_parents(keys, 0700) != 0 || chmod(settings->gpg_home, 0700) != 0)
		return fault_set(fault, FAULT_CONFIG, "making the home of gpg, %s: %s", settings->gpg_home,
				 strerror(errno));
	if (!point_at_agent(settings, fault))
		return false;
	if (access(settings->gpg_program, X_OK) != 0)
		return fault_set(fault, FAULT_CONFIG, "looking for gpg at %s: %s", settings->gpg_program,
				 strerror(errno));
	g_setenv("POSTSEAL_GPG", settings->gpg_program, TRUE);
	g_setenv("POSTSEAL_GPG_SECONDS", seconds, TRUE);
	gpgme_check_version(NULL);
	imported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	/* Once for all contexts: each time it is told, GPGME runs gpg to ask for its version. */
	error = gpgme_set_engine_info(GPGME_PROTOCOL_OpenPGP, program, settings->gpg_home);
	return error == 0 || gpg_fault(fault, error, "beginning");
}

static gpgme_ctx_t
context_new(struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = NULL;
	gpgme_error_t error = gpgme_new(&context);

	if (error != 0) {
		gpg_fault(fault, error, "beginning");
		return NULL;
	}
	/* No pinentry mode: the keeper's agent, which has none to show, does not let us choose. */
	gpgme_set_armor(context, 1);
	return g_steal_pointer(&context);
}

/* --- keys --- */

static char *
key_file(const struct settings *settings, const struct key *key)
{
	g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, key->content);
	g_autofree char *name = g_strdup_printf("%s-%.16s.gpg", key->fingerprint, digest);

	return g_build_filename(settings->gpg_home, "recipients", name, NULL);
}

/* The name holds the digest of the content, so a file that is there is the right one. */
static bool
write_key_file(const struct settings *settings, const struct key *key, GString *recipients,
	       struct fault *fault)
{
	g_autofree char *path = key_file(settings, key);
	g_autoptr(GError) error = NULL;
	gsize length;
	const char *bytes = g_bytes_get_data(key->content, &length);

	if (access(path, R_OK) != 0 && !g_file_set_contents(path, bytes, (gssize)length, &error))
		return fault_set(fault, FAULT_STORAGE, "writing a key for gpg: %s", error->message);
	g_string_append_printf(recipients, "%s\n", path);
	return true;
}

/* gpg finds the public half in our ring and the private half with the keeper's agent. */
static bool
import_signer(gpgme_ctx_t context, const struct settings *settings, const struct key *key,
	      struct fault *fault)
{
	g_auto(gpgme_data_t) data = NULL;
	size_t length;
	const char *bytes = g_bytes_get_data(key->content, &length);
	gpgme_error_t error = 0;

	if (!keeper_prepare(settings->keeper_socket, key->fingerprint, fault))
		return false;
	g_mutex_lock(&import_lock);
	if (!g_hash_table_contains(imported, key->fingerprint)) {
		error = gpgme_data_new_from_mem(&data, bytes, length, 0);
		if (error == 0)
			error = gpgme_op_import(context, data);
		if (error == 0)
			g_hash_table_add(imported, g_strdup(key->fingerprint));
	}
	g_mutex_unlock(&import_lock);
	return error == 0 || gpg_fault(fault, error, "preparing our key");
}

static bool
add_signer(gpgme_ctx_t context, const struct settings *settings, const struct key *key,
	   struct fault *fault)
{
	gpgme_key_t found;
	gpgme_error_t error;

	if (!import_signer(context, settings, key, fault))
		return false;
	error = gpgme_get_key(context, key->fingerprint, &found, 1);
	if (error == 0) {
		error = gpgme_signers_add(context, found);
		gpgme_key_unref(found);
	}
	return error == 0 || gpg_fault(fault, error, "choosing our key");
}

/* --- streams --- */

struct input {
	struct entity_source source;
	struct fault *fault;
	bool failed;
};

static ssize_t
give_entity(void *handle, void *buffer, size_t size)
{
	struct input *input = handle;
	size_t got;

	if (entity_source_read(&input->source, buffer, size, &got, input->fault))
		return (ssize_t)got;
	input->failed = true;
	errno = EIO;
	return -1;
}

static const char end_mark[] = "\n-----END PGP MESSAGE-----\n";

struct output {
	struct sink *sink;
	struct fault *fault;
	bool failed;
	char last[sizeof end_mark - 1]; /* bytes that gpg wrote */
};

static void
keep_last(struct output *output, const char *bytes, size_t size)
{
	size_t kept = sizeof output->last, fresh = MIN(size, kept);

	memmove(output->last, output->last + fresh, kept - fresh);
	memcpy(output->last + kept - fresh, bytes + size - fresh, fresh);
}

/* gpg ends lines with LF; mail wants CRLF. */
static ssize_t
take_armor(void *handle, const void *buffer, size_t size)
{
	struct output *output = handle;
	const char *at = buffer, *end = at + size;

	keep_last(output, buffer, size);
	while (at < end && !output->failed) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line == NULL ? end : line) - at);

		output->failed = !sink_write(output->sink, at, length, output->fault) ||
				 (line != NULL && !sink_write(output->sink, "\r\n", 2, output->fault));
		at += length + (line != NULL);
	}
	errno = EIO;
	return output->failed ? -1 : (ssize_t)size;
}

static bool
run(gpgme_ctx_t context, const char *recipients, bool sign, struct input *input,
    struct output *output, struct fault *fault)
{
	static struct gpgme_data_cbs reading = {.read = give_entity};
	static struct gpgme_data_cbs writing = {.write = take_armor};
	const gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS;
	g_auto(gpgme_data_t) plain = NULL, sealed = NULL;
	gpgme_error_t error = gpgme_data_new_from_cbs(&plain, &reading, input);

	if (error == 0)
		error = gpgme_data_new_from_cbs(&sealed, &writing, output);
	if (error == 0)
		error = sign ? gpgme_op_encrypt_sign_ext(context, NULL, recipients, flags, plain, sealed)
			     : gpgme_op_encrypt_ext(context, NULL, recipients, flags, plain, sealed);
	if (input->failed || output->failed)
		return false; /* the fault is filled */
	if (error != 0)
		return gpg_fault(fault, error, "sealing");
	if (gpgme_op_encrypt_result(context) == NULL ||
	    gpgme_op_encrypt_result(context)->invalid_recipients != NULL)
		return fault_set(fault, FAULT_CRYPTO, "sealing with gpg: it refused a recipient's key");
	/* GPGME takes a gpg that died in silence for one that did its work. */
	if (memcmp(output->last, end_mark, sizeof output->last) != 0)
		return fault_set(fault, FAULT_CRYPTO, "sealing with gpg: it ended before its work was done");
	return true;
}

bool
gpg_encrypt(const struct settings *settings, const struct group *group, const struct key *signer,
	    const struct message *message, struct sink *sink, struct fault *fault)
{
	g_auto(gpgme_ctx_t) context = context_new(fault);
	g_autoptr(GString) recipients = g_string_new("--file\n");
	struct input input = {.fault = fault};
	struct output output = {.sink = sink, .fault = fault};
	bool done;

	if (context == NULL)
		return false;
	for (guint i = 0; i < group->keys->len; i++)
		if (!write_key_file(settings, g_ptr_array_index(group->keys, i), recipients, fault))
			return false;
	if (signer != NULL && !add_signer(context, settings, signer, fault))
		return false;
	entity_source_init(&input.source, message, group);
	done = run(context, recipients->str, signer != NULL, &input, &output, fault);
	entity_source_clear(&input.source);
	return done;
}
