/* The key files: who can read them, and do they belong together, and to this database? */
#include <string.h>
#include <sys/stat.h>

#include "admin/check/check.h"
#include "admin/check/tried.h"
#include "admin/setup/step.h"
#include "core/seal/marked.h"

/* --- who reads them --- */

static bool
is_of_root(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_uid == 0;
}

/* A program that is started by root, not by systemd as its own user, reads its file before it
 * becomes that user. */
static bool
check_reader_of(const struct check *check, const char *name, const char *user, struct fault *fault)
{
	g_autofree char *path = g_build_filename(check->settings->secrets, name, NULL);

	return (is_of_root(path) && !setup_has_systemd()) || tried_read(user, path, fault) ||
	       fault_within(fault, "checking the key file (fix this with: chown %s %s)", user,
			    path);
}

static bool
check_readers(const struct check *check, struct fault *fault)
{
	const struct settings *settings = check->settings;
	const struct {
		const char *name, *user;
	} readers[] = {
		{SECRET_MASTER, settings->keeper_user},
		{SECRET_COURIER, settings->courier_user},
		{SECRET_LOGIN, settings->milter_user},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		if (!check_reader_of(check, readers[i].name, readers[i].user, fault))
			return false;
	return true;
}

/* Every program seals with it. */
static bool
check_public(const struct check *check, struct fault *fault)
{
	const struct settings *settings = check->settings;
	g_autofree char *path = g_build_filename(settings->secrets, SECRET_COURIER_PUBLIC, NULL);

	return (tried_read(settings->milter_user, path, fault) &&
		tried_read(settings->portal_user, path, fault)) ||
	       fault_within(fault, "checking the key file (fix this with: chmod 0444 %s)", path);
}

/* --- whether they belong together --- */

/* Keys of one installation: what is sealed with one half can be opened with the other. */
static bool
check_pair(const struct check *check, const struct key_file *private_keys,
	   const struct key_file *public_keys, struct fault *fault)
{
	struct key_file expected;

	key_file_public(&expected, private_keys);
	return (expected.count == public_keys->count &&
		memcmp(expected.keys, public_keys->keys, expected.count * sizeof *expected.keys) ==
			0) ||
	       fault_set(fault, FAULT_CONFIG,
			 "checking the key files in %s: %s does not match %s: the courier could "
			 "not open anything that is sealed to it",
			 check->settings->secrets, SECRET_COURIER_PUBLIC, SECRET_COURIER);
}

struct key_files {
	struct key_file master, login, courier, courier_public;
};

static bool
read_all(struct key_files *files, const struct check *check, struct fault *fault)
{
	const char *directory = check->settings->secrets;

	return key_file_read(&files->master, directory, SECRET_MASTER, fault) &&
	       key_file_read(&files->login, directory, SECRET_LOGIN, fault) &&
	       key_file_read(&files->courier, directory, SECRET_COURIER, fault) &&
	       key_file_read(&files->courier_public, directory, SECRET_COURIER_PUBLIC, fault);
}

bool
check_secrets(const struct check *check, char **note_r, struct fault *fault)
{
	struct key_files files;
	bool good;

	(void)note_r;
	good = read_all(&files, check, fault) &&
	       check_pair(check, &files.courier, &files.courier_public, fault);
	sodium_memzero(&files, sizeof files);
	return good && check_readers(check, fault) && check_public(check, fault);
}

/* --- whether they belong to this database --- */

static const struct statement private_keys = {
	"check_private_keys", "select p.sealed, k.fingerprint, k.owner from postseal.private_key p"
			      " join postseal.key k on k.id = p.key"};

static const struct statement boxes = {
	"check_boxes",
	"(select boxed_key, 'mail in the outbox' from postseal.outbox order by created_at desc limit 1000) "
	"union all "
	"(select boxed, 'a parcel without its link' from postseal.parcel_key where boxed is not null limit 1000)"};

static const struct statement approvals = {
	"check_approvals", "select key, id::text from postseal.approval where key is not null"
			   " order by held_at desc limit 1000"};

struct opening {
	const struct key_files *files;
	unsigned count;	    /* that were tried */
	unsigned closed;    /* that could not be opened */
	char *first_closed; /* what kind of data it is */
};

static void
note_opening(struct opening *opening, bool opens, const char *what, const char *whose)
{
	opening->count++;
	opening->closed += !opens;
	if (!opens && opening->first_closed == NULL)
		opening->first_closed = g_strdup_printf("%s%s", what, whose);
}

/* `plain`: NULL if it does not open; wiped and freed. */
static void
note_plain(struct opening *opening, unsigned char *plain, size_t length, const char *what,
	   const char *whose)
{
	note_opening(opening, plain != NULL, what, whose);
	if (plain != NULL)
		sodium_memzero(plain, length);
	g_free(plain);
}

static bool
open_private_key(void *context, const PGresult *row, struct fault *fault)
{
	struct opening *opening = context;
	size_t length, plain_length;
	g_autofree unsigned char *sealed = result_bytes(row, 0, 0, &length);
	g_autofree char *whose =
		g_strdup_printf("%.16s (%s)", PQgetvalue(row, 0, 1), PQgetvalue(row, 0, 2));
	unsigned char *plain = seal_marked_open(sealed, length, &opening->files->master,
						PQgetvalue(row, 0, 1), &plain_length);

	(void)fault;
	note_plain(opening, plain, plain_length, "the private key ", whose);
	return true;
}

static bool
open_box(void *context, const PGresult *row, struct fault *fault)
{
	struct opening *opening = context;
	size_t length;
	g_autofree unsigned char *boxed = result_bytes(row, 0, 0, &length);
	struct seal_key content;

	(void)fault;
	note_opening(opening, seal_marked_unbox(&content, boxed, length, &opening->files->courier),
		     PQgetvalue(row, 0, 1), "");
	sodium_memzero(&content, sizeof content);
	return true;
}

static bool
open_approval(void *context, const PGresult *row, struct fault *fault)
{
	struct opening *opening = context;
	size_t length, plain_length;
	const char *id = PQgetvalue(row, 0, 1);
	g_autofree unsigned char *sealed = result_bytes(row, 0, 0, &length);
	unsigned char *plain =
		seal_marked_open(sealed, length, &opening->files->login, id, &plain_length);

	(void)fault;
	note_plain(opening, plain, plain_length, "what waits for approval, ", id);
	return true;
}

static bool
open_rows(const struct check *check, const struct statement *statement, take_row *take,
	  struct opening *opening, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(check->admin->database, fault);
	const struct parameters none = {0};

	return connection != NULL &&
	       connection_rows(connection, statement, &none, take, opening, fault);
}

static bool
check_opening(const struct check *check, const struct opening *opening, const char *file,
	      const char *otherwise, struct fault *fault)
{
	return opening->closed == 0 ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "checking the key files in %s: %s does not open %s (%u of %u): it belongs to another "
		       "database; put back the file of this one%s",
		       check->settings->secrets, file, opening->first_closed, opening->closed,
		       opening->count, otherwise);
}

static bool
open_all(const struct check *check, const struct key_files *files, char **note_r,
	 struct fault *fault)
{
	struct opening keys = {.files = files}, mail = {.files = files}, held = {.files = files};
	bool good = open_rows(check, &private_keys, open_private_key, &keys, fault) &&
		    open_rows(check, &boxes, open_box, &mail, fault) &&
		    open_rows(check, &approvals, open_approval, &held, fault) &&
		    check_opening(check, &keys, SECRET_MASTER,
				  ", or delete these keys and import them again", fault) &&
		    check_opening(check, &mail, SECRET_COURIER, "", fault) &&
		    check_opening(check, &held, SECRET_LOGIN, "", fault);

	if (good)
		*note_r = g_strdup_printf("%u private keys and %u messages that wait can be opened",
					  keys.count, mail.count + held.count);
	g_free(keys.first_closed);
	g_free(mail.first_closed);
	g_free(held.first_closed);
	return good;
}

bool
check_key_store(const struct check *check, char **note_r, struct fault *fault)
{
	struct key_files files;
	struct fault ignored;
	bool good = true;

	if (read_all(&files, check, &ignored))
		good = open_all(check, &files, note_r, fault);
	else
		*note_r = g_strdup("not checked, as the key files cannot be read");
	sodium_memzero(&files, sizeof files);
	return good;
}
