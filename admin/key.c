#include "admin/key.h"

#include <getopt.h>
#include <openssl/pem.h>
#include <string.h>

#include "core/address.h"
#include "core/seal/key_file.h"
#include "keystore/import.h"
#include "keystore/keystore.h"
#include "keystore/statements.h"

/* --- import --- */

struct password_source {
	const char *file; /* NULL: ask on the terminal */
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

static void
tell_imported(const struct imported *key)
{
	if (key->fingerprint == NULL) {
		printf("skipped %s\n", key->skipped);
		return;
	}
	printf("%s %s %.16s %s <%s>", key->skipped != NULL ? "skipped" : "imported",
	       key_kind_name(key->kind), key->fingerprint, key->role,
	       *key->addresses != '\0' ? key->addresses : key->owner);
	if (key->skipped != NULL)
		printf(": %s", key->skipped);
	if (key->cannot_encrypt != NULL)
		printf("; not for encryption: %s", key->cannot_encrypt);
	if (key->cannot_sign != NULL && strcmp(key->role, "own") == 0)
		printf("; not for signatures: %s", key->cannot_sign);
	putchar('\n');
}

static int
import_file(const struct admin *admin, const struct import_settings *settings, const char *path)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(GPtrArray) reports = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	gsize length;
	struct fault fault;

	if (!g_file_get_contents(path, &bytes, &length, &error)) {
		fault_set(&fault, FAULT_INPUT, "reading a key: %s", error->message);
		return command_fail(&fault);
	}
	connection = database_take(admin->database, &fault);
	if (connection != NULL)
		reports = import_keys(connection, settings, path, bytes, length, &fault);
	sodium_memzero(bytes, length);
	if (reports == NULL)
		return command_fail(&fault);
	for (guint i = 0; i < reports->len; i++)
		tell_imported(g_ptr_array_index(reports, i));
	return EXIT_GOOD;
}

static int
run_import(const struct admin *admin, int argc, char **argv)
{
	static const struct option options[] = {{"root", no_argument, NULL, 'r'},
						{"pin", no_argument, NULL, 'p'},
						{"capability", required_argument, NULL, 'c'},
						{"password-file", required_argument, NULL, 'f'},
						{0}};
	struct password_source password = {0};
	struct import_settings settings = {.gpg_program = admin->settings->gpg_program,
					   .imported_by = admin->actor,
					   .ask_password = ask_password,
					   .context = &password};
	g_auto(GStrv) capabilities = NULL;
	struct seal_key master;
	struct fault fault;
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
		default:
			return command_usage(&keystore_commands[0]);
		}
	}
	if (optind >= argc)
		return command_usage(&keystore_commands[0]);
	/* Only private keys need it; import_keys() says so when one is there. */
	if (secret_read(&master, admin->settings->secrets, SECRET_MASTER, &fault))
		settings.master = &master;
	for (int i = optind; i < argc && status == EXIT_GOOD; i++)
		status = import_file(admin, &settings, argv[i]);
	sodium_memzero(&master, sizeof master);
	return status;
}

/* --- list, show, export, delete --- */

static void
list_one(const PGresult *result, int row)
{
	enum { KIND, ROLE, FINGERPRINT, UNTIL, CANNOT_ENCRYPT, CANNOT_SIGN, ADDRESSES, OWNER };
	const char *addresses = PQgetvalue(result, row, ADDRESSES);
	bool is_ours = strcmp(PQgetvalue(result, row, ROLE), "own") == 0;

	printf("%-5s %-12s %.16s  until %-10s  %s", PQgetvalue(result, row, KIND),
	       PQgetvalue(result, row, ROLE), PQgetvalue(result, row, FINGERPRINT),
	       PQgetisnull(result, row, UNTIL) ? "-" : PQgetvalue(result, row, UNTIL),
	       strcmp(addresses, "-") == 0 ? PQgetvalue(result, row, OWNER) : addresses);
	if (!PQgetisnull(result, row, CANNOT_ENCRYPT))
		printf("  not for encryption: %s", PQgetvalue(result, row, CANNOT_ENCRYPT));
	if (is_ours && !PQgetisnull(result, row, CANNOT_SIGN))
		printf("  not for signatures: %s", PQgetvalue(result, row, CANNOT_SIGN));
	putchar('\n');
}

static int
run_list(const struct admin *admin, int argc, char **argv)
{
	g_autofree char *wanted = argc > 1 ? address_fold(argv[1]) : g_strdup("");
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (!command_ask(admin, &key_list, (const char *const[]){wanted, NULL}, &result, &fault))
		return command_fail(&fault);
	for (int row = 0; row < PQntuples(result); row++)
		list_one(result, row);
	return EXIT_GOOD;
}

/* The one key whose fingerprint begins so. */
static bool
one_key(struct connection *connection, const char *fingerprint, PGresult **result_r,
	struct fault *fault)
{
	struct parameters parameters = {0};
	g_autofree char *pattern = NULL;
	static const char hex[] = "0123456789abcdefABCDEF";

	if (strspn(fingerprint, hex) != strlen(fingerprint) || strlen(fingerprint) < 8)
		return fault_set(
			fault, FAULT_INPUT,
			"looking for the key %s: give at least the first 8 hexadecimal digits "
			"of its fingerprint",
			fingerprint);
	/* Certificates are kept in small letters, OpenPGP keys in capitals, as their tools print
	 * them. */
	for (int i = 0; i < 2; i++) {
		struct parameters one = {0};

		g_free(pattern);
		pattern =
			i == 0 ? g_ascii_strdown(fingerprint, -1) : g_ascii_strup(fingerprint, -1);
		parameters_text(&one, pattern);
		parameters = one;
		if (!connection_execute(connection, &key_show, &parameters, result_r, fault))
			return false;
		if (PQntuples(*result_r) == 1)
			return true;
		if (PQntuples(*result_r) > 1)
			break;
		if (i == 0)
			g_clear_pointer(result_r, PQclear);
	}
	return fault_set(fault, FAULT_INPUT, "looking for the key %s: %s", fingerprint,
			 PQntuples(*result_r) == 0 ? "there is no such key"
						   : "several keys begin with "
						     "these digits");
}

static int
run_show(const struct admin *admin, int argc, char **argv)
{
	static const char *const names[] = {
		NULL,	       "kind",	      "role",	    "fingerprint",  "owner",
		"valid from",  "valid until", "pinned",	    "capabilities", "cannot encrypt",
		"cannot sign", "imported at", "imported by"};
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	struct fault fault;

	if (argc != 2)
		return command_usage(&keystore_commands[2]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !one_key(connection, argv[1], &result, &fault))
		return command_fail(&fault);
	for (int i = 1; i < (int)G_N_ELEMENTS(names); i++)
		if (!PQgetisnull(result, 0, i) && *PQgetvalue(result, 0, i) != '\0')
			printf("%-17s %s\n", names[i],
			       i == 7 ? (result_flag(result, 0, i) ? "yes" : "no")
				      : PQgetvalue(result, 0, i));
	printf("%-17s %s\n", "addresses",
	       PQgetisnull(result, 0, 14) ? "-" : PQgetvalue(result, 0, 14));
	printf("%-17s %s\n", "private key", result_flag(result, 0, 15) ? "yes, wrapped" : "no");
	return EXIT_GOOD;
}

static void
write_armored(const unsigned char *bytes, size_t length)
{
	static const unsigned crc_begin = 0xb704ce, polynomial = 0x1864cfb; /* RFC 4880 §6.1 */
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
	puts("-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
	for (const char *at = base64; *at != '\0'; at += strnlen(at, 64))
		printf("%.64s\n", at);
	printf("=%s\n-----END PGP PUBLIC KEY BLOCK-----\n", sum);
}

static int
run_export(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *bytes = NULL;
	const unsigned char *at;
	size_t length;
	struct fault fault;

	if (argc != 2)
		return command_usage(&keystore_commands[3]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !one_key(connection, argv[1], &result, &fault))
		return command_fail(&fault);
	at = bytes = result_bytes(result, 0, 13, &length);
	if (strcmp(PQgetvalue(result, 0, 1), "pgp") == 0) {
		write_armored(bytes, length);
	} else {
		g_autoptr(X509) certificate = d2i_X509(NULL, &at, (long)length);

		if (certificate != NULL)
			PEM_write_X509(stdout, certificate);
	}
	return EXIT_GOOD;
}

static int
run_delete(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};
	struct fault fault;

	if (argc != 2)
		return command_usage(&keystore_commands[4]);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !one_key(connection, argv[1], &result, &fault))
		return command_fail(&fault);
	parameters_text(&parameters, PQgetvalue(result, 0, 0));
	if (!connection_execute(connection, &key_delete, &parameters, NULL, &fault))
		return command_fail(&fault);
	printf("deleted %s %s\n", PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 3));
	return EXIT_GOOD;
}

/* --- find --- */

static int
tell_found(struct keystore *keystore, enum key_kind kind, const char *address, bool is_employee,
	   bool *found_r)
{
	struct keystore_answer answer;
	struct fault fault;

	if (!keystore_find(keystore, kind, address, is_employee, &answer, &fault))
		return command_fail(&fault);
	for (guint i = 0; i < answer.keys->len; i++) {
		const struct key *key = g_ptr_array_index(answer.keys, i);

		printf("%s %s %s%s%s\n", key_kind_name(kind), key->fingerprint, key->owner,
		       key->gcm ? " (AES-256-GCM)" : "",
		       key->attested ? "" : " (uploaded by its owner)");
		*found_r = true;
	}
	if (answer.passed_over != NULL)
		printf("%s not used: %s\n", key_kind_name(kind), answer.passed_over);
	keystore_answer_clear(&answer);
	return EXIT_GOOD;
}

static int
run_find(const struct admin *admin, int argc, char **argv)
{
	const struct keystore_settings settings = {.database = admin->database};
	g_autofree char *address = NULL;
	struct keystore *keystore;
	bool found = false, is_employee;
	int status;

	if (argc != 2)
		return command_usage(&keystore_commands[5]);
	address = address_fold(argv[1]);
	is_employee = keystore_is_employee(admin->settings->domains, address);
	keystore = keystore_new(&settings);
	status = tell_found(keystore, KEY_SMIME, address, is_employee, &found);
	if (status == EXIT_GOOD)
		status = tell_found(keystore, KEY_PGP, address, is_employee, &found);
	keystore_free(keystore);
	if (status == EXIT_GOOD && !found) {
		fprintf(stderr, "postseal: there is no usable key for %s\n", address);
		status = EXIT_FAILED;
	}
	return status;
}

const struct command keystore_commands[] = {
	{"key import", "[--root] [--pin] [--capability gcm,oaep] [--password-file FILE] FILE ...",
	 "import certificates and keys", run_import},
	{"key list", "[ADDRESS | DOMAIN]", "list keys", run_list},
	{"key show", "FINGERPRINT", "show everything about a key", run_show},
	{"key export", "FINGERPRINT", "write the certificate or public key to standard output",
	 run_export},
	{"key delete", "FINGERPRINT", "delete a key", run_delete},
	{"key find", "ADDRESS", "show which keys would be used for an address now", run_find},
	{NULL, NULL, NULL, NULL, false},
};
