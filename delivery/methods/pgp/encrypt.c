#include "delivery/methods/pgp/encrypt.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/worker.h"
#include "delivery/methods/pgp/client.h"
#include "keystore/keeper.h"
#include "keystore/openpgp.h"
#include "mail/entity.h"

enum { IDLE_MAX = 32 };

/* gpg takes its options from its home, so there is one for each way to choose the cipher: the
 * strongest AES that all recipients' keys prefer; or AES-128, which every implementation has, if
 * the keys have no preferred AES in common or state no preference (RFC 9580 §5.2.3.14, §9.3): gpg
 * would use triple DES. Digests are SHA-512; for keys without preferences gpg would use SHA-1
 * (§9.5). */
enum choice { AS_PREFERRED, AES128, CHOICES };

static const char common_options[] = "no-autostart\ndigest-algo SHA512\n";
static const struct {
	const char *folder; /* in `gpg home` */
	const char *options;
} homes[CHOICES] = {
	[AS_PREFERRED] = {"", "personal-cipher-preferences AES256 AES192 AES\n"},
	[AES128] = {"aes128", "cipher-algo AES\n"},
};

/* The processes that run gpg for the milter (postseal-gpg). All of them share the places: gpg keeps
 * a core busy while it works, and more processes than cores would only slow each other down until
 * they time out. The settings with which the program was started apply to all. */
static struct worker_pool *workers[CHOICES];
static struct places *places;

/* --- getting ready --- */

static char *
home_of(const struct settings *settings, enum choice choice)
{
	return g_build_filename(settings->gpg_home, homes[choice].folder, NULL);
}

static void
start_workers(const struct settings *settings, enum choice choice)
{
	g_autofree char *home = home_of(settings, choice);
	g_autofree char *seconds = g_strdup_printf("%" G_GUINT64_FORMAT, settings->gpg_timeout);
	const char *const arguments[] = {settings->gpg_program, home, seconds, NULL};
	const struct worker_settings kind = {.program = "postseal-gpg",
					     .arguments = arguments,
					     .idle_max = IDLE_MAX,
					     .places = places};

	workers[choice] = worker_pool_new(&kind);
}

/* Where gpg looks for its agent, a file points to the keeper's; gpg starts none itself. */
static bool
write_options(const struct settings *settings, const char *home, const char *own,
	      struct fault *fault)
{
	g_autofree char *pointer = g_build_filename(home, "S.gpg-agent", NULL);
	g_autofree char *options = g_build_filename(home, "gpg.conf", NULL);
	g_autofree char *lines = g_strconcat(common_options, own, NULL);
	g_autofree char *text = g_strdup_printf("%%Assuan%%\nsocket=%s\n", settings->keeper_agent);
	g_autoptr(GError) error = NULL;

	return (g_file_set_contents(pointer, text, -1, &error) &&
		g_file_set_contents(options, lines, -1, &error)) ||
	       fault_set(fault, FAULT_CONFIG, "preparing the home of gpg: %s", error->message);
}

static bool
make_home(const struct settings *settings, const char *home, const char *own, struct fault *fault)
{
	if (g_mkdir_with_parents(home, 0700) != 0 || chmod(home, 0700) != 0)
		return fault_set(fault, FAULT_CONFIG, "creating the home of gpg, %s: %s", home,
				 strerror(errno));
	return write_options(settings, home, own, fault);
}

bool
gpg_start(const struct settings *settings, struct fault *fault)
{
	g_autofree char *keys = g_build_filename(settings->gpg_home, "recipients", NULL);

	for (enum choice choice = 0; choice < CHOICES; choice++) {
		g_autofree char *home = home_of(settings, choice);

		if (!make_home(settings, home, homes[choice].options, fault))
			return false;
	}
	if (g_mkdir_with_parents(keys, 0700) != 0)
		return fault_set(fault, FAULT_CONFIG, "creating %s: %s", keys, strerror(errno));
	if (access(settings->gpg_program, X_OK) != 0)
		return fault_set(fault, FAULT_CONFIG, "looking for gpg at %s: %s",
				 settings->gpg_program, strerror(errno));
	places = places_new(settings->gpg_processes > 0 ? (unsigned)settings->gpg_processes
							: g_get_num_processors());
	for (enum choice choice = 0; choice < CHOICES; choice++)
		start_workers(settings, choice);
	return true;
}

bool
gpg_make_home(const struct settings *settings, const char *home, struct fault *fault)
{
	return write_options(settings, home, "trust-model always\n", fault);
}

struct worker *
gpg_worker(const struct settings *settings, struct fault *fault)
{
	return worker_take(workers[AS_PREFERRED],
			   g_get_monotonic_time() + (gint64)settings->gpg_wait * G_TIME_SPAN_SECOND,
			   fault);
}

/* --- keys --- */

static char *
key_file(const struct settings *settings, const struct key *key)
{
	g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, key->content);
	g_autofree char *name = g_strdup_printf("%s-%.16s.gpg", key->fingerprint, digest);

	return g_build_filename(settings->gpg_home, "recipients", name, NULL);
}

/* The path of the key file. Its name contains the digest of its content, so an existing file is the
 * right one. */
static char *
write_key_file(const struct settings *settings, const struct key *key, struct fault *fault)
{
	g_autofree char *path = key_file(settings, key);
	g_autoptr(GError) error = NULL;
	gsize length;
	const char *bytes = g_bytes_get_data(key->content, &length);

	if (access(path, R_OK) != 0 && !g_file_set_contents(path, bytes, (gssize)length, &error)) {
		fault_set(fault, FAULT_STORAGE, "writing a key for gpg: %s", error->message);
		return NULL;
	}
	return g_steal_pointer(&path);
}

/* --- a job --- */

/* gpg gets the private half of our key through the keeper's agent. */
static char *
job_text(const struct settings *settings, const struct group *group, const struct key *signer,
	 struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *own = NULL;

	if (signer == NULL)
		g_string_append(text, "plain\n");
	else if (keeper_prepare(settings->keeper_socket, signer->fingerprint, fault) &&
		 (own = write_key_file(settings, signer, fault)) != NULL)
		g_string_append_printf(text, "sign %s\n", own);
	else
		return NULL;
	g_string_append(text, "--file\n");
	for (guint i = 0; i < group->keys->len; i++) {
		g_autofree char *path =
			write_key_file(settings, g_ptr_array_index(group->keys, i), fault);

		if (path == NULL)
			return NULL;
		g_string_append_printf(text, "%s\n", path);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static enum choice
choose(const struct group *group)
{
	unsigned common = UINT_MAX;

	for (guint i = 0; i < group->keys->len; i++)
		common &= openpgp_ciphers(
			((const struct key *)g_ptr_array_index(group->keys, i))->content);
	return common != 0 ? AS_PREFERRED : AES128;
}

bool
gpg_encrypt(const struct settings *settings, const struct group *group, const struct key *signer,
	    const struct message *message, struct sink *sink, struct fault *fault)
{
	g_autofree char *job = job_text(settings, group, signer, fault);
	gint64 until = g_get_monotonic_time() + (gint64)settings->gpg_wait * G_TIME_SPAN_SECOND;
	struct worker *worker =
		job == NULL ? NULL : worker_take(workers[choose(group)], until, fault);
	g_autoptr(GPtrArray) added = group_added(group);
	struct entity entity;
	bool done;

	if (worker == NULL)
		return false;
	entity_init(&entity, message, group->tags, added, group->hides_subject);
	done = gpg_exchange(worker_socket(worker), job, &entity, sink,
			    (unsigned)settings->gpg_timeout, fault);
	entity_clear(&entity);
	worker_give(worker, done);
	return done;
}
