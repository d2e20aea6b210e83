#include "delivery/methods/pgp/decrypt.h"

#include <stdio.h>
#include <string.h>

#include "core/temporary.h"
#include "delivery/methods/pgp/client.h"
#include "delivery/methods/pgp/encrypt.h"
#include "keystore/keeper.h"

enum { DIGEST_MD5 = 1, DIGEST_SHA1 = 2, DIGEST_RIPEMD160 = 3, FINGERPRINT_MAX = 64 };

void
pgp_signature_free(struct pgp_signature *signature)
{
	g_free(signature->fingerprint);
	g_free(signature);
}

/* --- the home --- */

static bool
write_file(const char *path, const GByteArray *bytes, struct fault *fault)
{
	g_autoptr(GError) error = NULL;

	return g_file_set_contents(path, (const char *)bytes->data, (gssize)bytes->len, &error) ||
	       fault_set(fault, FAULT_STORAGE, "writing for gpg: %s", error->message);
}

static void
add_bytes(GByteArray *all, GBytes *bytes)
{
	g_byte_array_append(all, g_bytes_get_data(bytes, NULL), (guint)g_bytes_get_size(bytes));
}

/* The path of a file with our key, if there is one, and those of the authors; caller frees. */
static char *
write_keys(const char *home, const struct key *own, const GPtrArray *authors, struct fault *fault)
{
	g_autofree char *path = g_build_filename(home, "keys.gpg", NULL);
	g_autoptr(GByteArray) keys = g_byte_array_new();

	if (own != NULL)
		add_bytes(keys, own->content);
	for (guint i = 0; i < authors->len; i++)
		add_bytes(keys, g_ptr_array_index(authors, i));
	return write_file(path, keys, fault) ? g_steal_pointer(&path) : NULL;
}

/* --- what gpg says --- */

static enum pgp_state
state_named(const char *word)
{
	static const char *const words[] = {[PGP_GOOD] = "good",
					    [PGP_BAD] = "bad",
					    [PGP_EXPIRED] = "expired",
					    [PGP_KEY_EXPIRED] = "key-expired",
					    [PGP_KEY_REVOKED] = "key-revoked",
					    [PGP_KEY_UNKNOWN] = "key-unknown"};

	for (enum pgp_state state = 0; state < G_N_ELEMENTS(words); state++)
		if (strcmp(words[state], word) == 0)
			return state;
	return PGP_UNREADABLE;
}

static void
add_line(GPtrArray *signatures, const char *line)
{
	struct pgp_signature *signature = g_new0(struct pgp_signature, 1);
	char word[16] = "", fingerprint[FINGERPRINT_MAX + 1] = "-";
	unsigned digest = 0;

	signature->state = sscanf(line, "%15s %64s %u", word, fingerprint, &digest) == 3
				   ? state_named(word)
				   : PGP_UNREADABLE;
	if (strcmp(fingerprint, "-") != 0)
		signature->fingerprint = g_strdup(fingerprint);
	signature->is_weak =
		digest == DIGEST_MD5 || digest == DIGEST_SHA1 || digest == DIGEST_RIPEMD160;
	g_ptr_array_add(signatures, signature);
}

static void
add_lines(GPtrArray *signatures, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		if (**line != '\0')
			add_line(signatures, *line);
}

/* --- a job --- */

static bool
do_job(const struct settings *settings, const char *job, const struct spool *text,
       struct sink *sink, GPtrArray *signatures, struct fault *fault)
{
	struct worker *worker = gpg_worker(settings, fault);
	struct entity source = {.head = g_string_new(NULL), .body = text};
	g_autofree char *found = NULL;
	bool done =
		worker != NULL && gpg_exchange_back(worker_socket(worker), job, &source, sink,
						    (unsigned)settings->gpg_timeout, &found, fault);

	entity_clear(&source);
	if (worker != NULL)
		worker_give(worker, done);
	if (done)
		add_lines(signatures, found);
	return done;
}

/* gpg tries every key of ours that it knows, so it knows one only. Otherwise whoever sends somebody
 * else's mail to themselves would get it decrypted with that person's key. */
bool
gpg_decrypt(const struct settings *settings, const struct key *key, const GPtrArray *authors,
	    const struct spool *sealed, struct sink *sink, GPtrArray *signatures,
	    struct fault *fault)
{
	g_autoptr(temporary_folder_auto) home = temporary_folder_new("gpg", fault);
	g_autofree char *keys = home == NULL ? NULL : write_keys(home, key, authors, fault);
	g_autofree char *job = NULL;

	if (keys == NULL || !gpg_make_home(settings, home, fault) ||
	    !keeper_prepare(settings->keeper_socket, key->fingerprint, fault))
		return false;
	job = g_strdup_printf("decrypt %s\n%s\n", keys, home);
	return do_job(settings, job, sealed, sink, signatures, fault);
}

bool
gpg_verify(const struct settings *settings, const GPtrArray *authors, const struct spool *text,
	   GBytes *signature, GPtrArray *signatures, struct fault *fault)
{
	g_autoptr(temporary_folder_auto) home = temporary_folder_new("gpg", fault);
	g_autofree char *keys = home == NULL ? NULL : write_keys(home, NULL, authors, fault);
	g_autofree char *path = home == NULL ? NULL : g_build_filename(home, "signature", NULL);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *job = NULL;
	struct counting_sink nothing;

	if (signature != NULL)
		add_bytes(bytes, signature);
	if (keys == NULL || !gpg_make_home(settings, home, fault) ||
	    (signature != NULL && !write_file(path, bytes, fault)))
		return false;
	job = signature == NULL ? g_strdup_printf("verify %s\n%s\n", keys, home)
				: g_strdup_printf("verify %s\n%s\n%s\n", keys, home, path);
	counting_sink_init(&nothing);
	return do_job(settings, job, text, &nothing.sink, signatures, fault);
}
