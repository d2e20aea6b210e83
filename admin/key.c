#include "admin/key.h"

#include <getopt.h>
#include <openssl/pem.h>
#include <string.h>

#include "admin/key_change.h"
#include "admin/progress.h"
#include "admin/secrets.h"
#include "core/address.h"
#include "core/domain.h"
#include "keystore/import.h"
#include "keystore/keystore.h"
#include "keystore/statements.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

/* --- import --- */

struct password_source {
	const char *file; /* NULL: ask at the terminal */
};

static bool
first_line_of(const char *path, char *password_r, size_t size)
{
	g_autoptr(FILE) file = fopen(path, "re");

	if (file == NULL || fgets(password_r, (int)size, file) == NULL)
		return false;
	password_r[strcspn(password_r, "\r\n")] = '\0';
	return true;
}

static bool
ask_password(void *context, const char *what, char *password_r, size_t size)
{
	const struct password_source *source = context;
	g_autofree char *prompt = g_strdup_printf("Password of %s: ", what);

	if (source->file != NULL)
		return first_line_of(source->file, password_r, size);
	return EVP_read_pw_string(password_r, (int)size, prompt, 0) == 0;
}

static GString *
sentence_of(const struct imported *key)
{
	GString *text = g_string_new(key->skipped != NULL ? "skipped " : "imported ");

	if (key->fingerprint == NULL)
		return g_string_append(text, key->skipped);
	g_string_append_printf(text, "%s %.16s %s <%s>", key_kind_name(key->kind), key->fingerprint,
			       key->role, *key->addresses != '\0' ? key->addresses : key->owner);
	if (key->skipped != NULL)
		g_string_append_printf(text, ": %s", key->skipped);
	else if (key->domain != NULL)
		g_string_append_printf(text, ", for everybody in %s", key->domain);
	if (key->skipped == NULL && key->address != NULL)
		g_string_append_printf(text, ", for %s by your word", key->address);
	if (key->cannot_encrypt != NULL)
		g_string_append_printf(text, "; not for encryption: %s", key->cannot_encrypt);
	if (key->cannot_sign != NULL && strcmp(key->role, "own") == 0)
		g_string_append_printf(text, "; not for signatures: %s", key->cannot_sign);
	return text;
}

static json_t *
addresses_of(const struct imported *key)
{
	g_auto(GStrv) addresses = g_strsplit(key->addresses, " ", -1);
	json_t *list = json_array();

	for (char **address = addresses; *address != NULL; address++)
		if (**address != '\0')
			json_array_append_new(list, report_text(*address));
	return list;
}

static json_t *
row_of(const char *path, const struct imported *key)
{
	bool is_read = key->fingerprint != NULL;

	return json_pack(
		"{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
		report_text(path), "imported", key->skipped == NULL, "kind",
		is_read ? json_string(key_kind_name(key->kind)) : json_null(), "fingerprint",
		report_text(key->fingerprint), "role", report_text(key->role), "owner",
		report_text(key->owner), "addresses", is_read ? addresses_of(key) : json_array(),
		"domain", report_text(key->domain), "for", report_text(key->address), "skipped",
		report_text(key->skipped), "cannot_encrypt", report_text(key->cannot_encrypt),
		"cannot_sign", report_text(key->cannot_sign));
}

/* For all keys in a file; they have been imported by then. */
static bool
add_rows(const struct key_change *change, const char *path, const GPtrArray *reports, json_t *rows,
	 struct fault *fault)
{
	for (guint i = 0; i < reports->len; i++) {
		const struct imported *key = g_ptr_array_index(reports, i);
		g_autoptr(GString) text = sentence_of(key);
		json_t *row = row_of(path, key);
		bool told = key_change_tell(change, key, row, text, fault);

		json_object_set_new(row, "text", report_text(text->str));
		json_array_append_new(rows, row);
		if (!told)
			return false;
		progress_show(i + 1, reports->len, "keys");
	}
	return true;
}

static int
import_file(const struct key_change *change, const struct import_settings *settings,
	    const char *path, json_t *rows)
{
	struct connection *connection;
	g_autoptr(GPtrArray) reports = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	gsize length;
	struct fault fault;

	if (!g_file_get_contents(path, &bytes, &length, &error)) {
		fault_set(&fault, FAULT_INPUT, "reading a key: %s", error->message);
		return command_fail(&fault);
	}
	connection = database_take(change->admin->database, &fault);
	if (connection != NULL)
		reports = import_keys(connection, settings, path, bytes, length, &fault);
	sodium_memzero(bytes, length);
	if (connection != NULL)
		connection_give(connection);
	keystore_forget(change->keystore, "");
	if (reports == NULL || !add_rows(change, path, reports, rows, &fault))
		return command_fail(&fault);
	return EXIT_GOOD;
}

/* "partner.example", or "*.partner.example", where one label is enough; caller frees. */
static char *
read_domain(const char *text, struct fault *fault)
{
	static const char below[] = "*.", sample[] = "x.";
	const bool is_below = g_str_has_prefix(text, below);
	g_autofree char *whole =
		g_strconcat(is_below ? sample : "", text + (is_below ? strlen(below) : 0), NULL);
	g_autofree char *domain = NULL;

	if (!domain_parse(whole, &domain, fault)) {
		fault_within(fault, "importing a key for the domain %s", text);
		return NULL;
	}
	return g_strconcat(is_below ? below : "", domain + (is_below ? strlen(sample) : 0), NULL);
}

/* What authorities state is worth as much as that of the organisation, or of a domain. */
static bool
is_trust_for_root(const struct import_settings *settings)
{
	static const char *const levels[] = {"domain", "organisation", NULL};

	return settings->trust == NULL ||
	       (settings->root && g_strv_contains(levels, settings->trust));
}

static bool
is_revocation_for_root(const struct import_settings *settings)
{
	static const char *const words[] = {"soft", "hard", "off", NULL};

	return settings->revocation == NULL ||
	       (settings->root && g_strv_contains(words, settings->revocation));
}

static int
run_import(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"root", no_argument, NULL, 'r'},
						{"pin", no_argument, NULL, 'p'},
						{"capability", required_argument, NULL, 'c'},
						{"password-file", required_argument, NULL, 'f'},
						{"replace", no_argument, NULL, 'R'},
						{"domain", required_argument, NULL, 'd'},
						{"for", required_argument, NULL, 'F'},
						{"trust", required_argument, NULL, 't'},
						{"revocation", required_argument, NULL, 'v'},
						{0}};
	struct password_source password = {0};
	struct import_settings settings = {.gpg_program = admin->settings->gpg_program,
					   .imported_by = admin->actor,
					   .ask_password = ask_password,
					   .context = &password};
	g_auto(GStrv) capabilities = NULL;
	g_autofree char *domain = NULL, *address = NULL;
	g_autoptr(json_t) rows = json_array();
	struct seal_key master;
	struct fault fault;
	struct key_change change = {.admin = admin};
	int option, status = EXIT_GOOD;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			settings.root = true;
			break;
		case 'p':
			settings.pin = true;
			break;
		case 'c':
			g_strfreev(capabilities);
			capabilities = g_strsplit(optarg, ",", -1);
			settings.capabilities = capabilities;
			break;
		case 'f':
			password.file = optarg;
			break;
		case 'd':
			g_free(domain);
			settings.domain = domain = read_domain(optarg, &fault);
			if (domain == NULL)
				return command_fail(&fault);
			break;
		case 'F':
			g_free(address);
			settings.address = address = address_fold(optarg);
			if (!address_is_valid(optarg))
				return command_usage(admin->command);
			break;
		case 'R':
			change.replaces = true;
			break;
		case 't':
			settings.trust = optarg;
			break;
		case 'v':
			settings.revocation = optarg;
			break;
		default:
			return command_usage(admin->command);
		}
	}
	if (optind >= argc || !is_trust_for_root(&settings) || !is_revocation_for_root(&settings))
		return command_usage(admin->command);
	/* Only private keys need it; import_keys() says so if there is one. */
	if (secrets_master(admin, &master, &fault))
		settings.master = &master;
	change.keystore = command_keystore(admin, NULL, true);
	for (int i = optind; i < argc && status == EXIT_GOOD; i++) {
		progress_show((unsigned)(i - optind), (unsigned)(argc - optind), "files");
		status = import_file(&change, &settings, argv[i], rows);
	}
	keystore_free(change.keystore);
	sodium_memzero(&master, sizeof master);
	progress_show((unsigned)(argc - optind), (unsigned)(argc - optind), "files");
	/* This includes files before one that could not be read: they have been imported. */
	report_print(rows, admin->as_json, report_lines);
	return status;
}

/* --- list, show, export, delete --- */

enum { ID, KIND, ROLE, FINGERPRINT }; /* columns of key_show */

static int
run_list(const struct admin *admin, int argc, char **argv)
{
	return command_answer_about(admin, argc, argv, &key_list, report_table);
}

/* The one key whose fingerprint begins with this; `status_r` is the command's exit status if there
 * is none. */
static bool
one_key(const struct admin *admin, const char *fingerprint, PGresult **result_r, int *status_r)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	struct fault fault;

	if (strspn(fingerprint, hex) != strlen(fingerprint) || strlen(fingerprint) < 8) {
		*status_r = command_missing(
			"looking for the key %s: give at least the first 8 hexadecimal digits of its "
			"fingerprint",
			fingerprint);
		return false;
	}
	if (!command_ask(admin, &key_show, (const char *const[]){fingerprint, NULL}, result_r,
			 &fault)) {
		*status_r = command_fail(&fault);
		return false;
	}
	if (PQntuples(*result_r) != 1)
		*status_r = command_missing("looking for the key %s: %s", fingerprint,
					    PQntuples(*result_r) == 0
						    ? "there is no such key"
						    : "several keys begin with these digits");
	return PQntuples(*result_r) == 1;
}

/* The key that the only operand names; NULL, and the command's status, if there is not one. */
static PGresult *
key_given(const struct admin *admin, int argc, char **argv, int *status_r)
{
	g_autoptr(PGresult) result = NULL;
	char **given = command_operands(argc, argv, 1, 1);

	if (given == NULL) {
		*status_r = command_usage(admin->command);
		return NULL;
	}
	return one_key(admin, *given, &result, status_r) ? g_steal_pointer(&result) : NULL;
}

static int
run_show(const struct admin *admin, int argc, char **argv)
{
	int status;
	g_autoptr(PGresult) result = key_given(admin, argc, argv, &status);
	g_autoptr(json_t) rows = NULL;

	if (result == NULL)
		return status;
	rows = report_of(result);
	json_object_del(json_array_get(rows, 0), "id");
	json_object_del(json_array_get(rows, 0), "content");
	report_print(rows, admin->as_json, report_records);
	return EXIT_GOOD;
}

/* RFC 4880 §6; caller frees. */
static char *
armored(const unsigned char *bytes, size_t length)
{
	static const unsigned crc_begin = 0xb704ce, polynomial = 0x1864cfb; /* RFC 4880 §6.1 */
	GString *text = g_string_new("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
	g_autofree char *base64 = g_base64_encode(bytes, length);
	unsigned crc = crc_begin;
	g_autofree char *sum = NULL;
	guchar sum_bytes[3];

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned)bytes[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ ((crc & 0x800000) != 0 ? polynomial : 0);
	}
	for (int i = 0; i < 3; i++)
		sum_bytes[i] = (guchar)(crc >> (16 - 8 * i));
	sum = g_base64_encode(sum_bytes, sizeof sum_bytes);
	for (const char *at = base64; *at != '\0'; at += strnlen(at, 64))
		g_string_append_printf(text, "%.64s\n", at);
	g_string_append_printf(text, "=%s\n-----END PGP PUBLIC KEY BLOCK-----\n", sum);
	return g_string_free(text, FALSE);
}

/* RFC 7468; caller frees. NULL if the certificate cannot be read. */
static char *
pem_of(const unsigned char *bytes, size_t length)
{
	const unsigned char *at = bytes;
	g_autoptr(X509) certificate = d2i_X509(NULL, &at, (long)length);
	g_autoptr(BIO) memory = BIO_new(BIO_s_mem());
	const char *text;
	long size;

	if (certificate == NULL || memory == NULL || PEM_write_bio_X509(memory, certificate) != 1)
		return NULL;
	size = BIO_get_mem_data(memory, &text);
	return g_strndup(text, (gsize)size);
}

/* Printed as it is, without anything of ours: other programs read it. */
static void
print_exported(FILE *file, const json_t *rows)
{
	fputs(json_string_value(json_object_get(json_array_get(rows, 0), "key")), file);
}

static int
run_export(const struct admin *admin, int argc, char **argv)
{
	int status;
	g_autoptr(PGresult) result = key_given(admin, argc, argv, &status);
	g_autoptr(json_t) rows = NULL;
	g_autofree unsigned char *bytes = NULL;
	g_autofree char *text = NULL;
	size_t length;
	struct fault fault;

	if (result == NULL)
		return status;
	bytes = result_bytes(result, 0, PQfnumber(result, "content"), &length);
	text = strcmp(PQgetvalue(result, 0, KIND), "pgp") == 0 ? armored(bytes, length)
							       : pem_of(bytes, length);
	if (text == NULL) {
		fault_set(&fault, FAULT_CRYPTO, "exporting the key %s: it cannot be read",
			  PQgetvalue(result, 0, FINGERPRINT));
		return command_fail(&fault);
	}
	rows = json_pack("[{s:s, s:s, s:s}]", "kind", PQgetvalue(result, 0, KIND), "fingerprint",
			 PQgetvalue(result, 0, FINGERPRINT), "key", text);
	report_print(rows, admin->as_json, print_exported);
	return EXIT_GOOD;
}

static int
run_delete(const struct admin *admin, int argc, char **argv)
{
	int status;
	g_autoptr(PGresult) result = key_given(admin, argc, argv, &status);

	if (result == NULL)
		return status;
	return command_answer(admin, &key_delete,
			      (const char *const[]){PQgetvalue(result, 0, ID), NULL}, report_lines);
}

static const char fingerprint_example[] = "4f1c2a9e7b3d5f60";

const struct command keystore_commands[] = {
	{"key import",
	 "[--root [--trust domain | organisation] [--revocation soft | hard | off]] [--pin] [--replace] [--domain DOMAIN] [--for ADDRESS] [--capability gcm,oaep] [--password-file FILE] FILE ...",
	 "import certificates and keys", run_import, .example = "--capability gcm sue.pem"},
	{"key list", "[ADDRESS | DOMAIN]", "list keys", run_list, .reads = true,
	 .example = "partner.example"},
	{"key show", "FINGERPRINT", "show everything about a key", run_show, .reads = true,
	 .example = fingerprint_example},
	{"key export", "FINGERPRINT", "write the certificate or public key to standard output",
	 run_export, .reads = true, .example = fingerprint_example},
	{"key delete", "FINGERPRINT", "delete a key", run_delete, .example = fingerprint_example},
	{NULL, NULL, NULL, NULL},
};
