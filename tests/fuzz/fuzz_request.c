/*
 * A whole request of a browser, as bytes on a connection, with the database's answers made up:
 * every route, form, cookie and parameter, and the reading of a parked message.
 *
 * Input: 16 bytes of which the database's answers are made; two bytes, the length of the request;
 * the request; the message that is read.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* Its static functions are the ones that are called by libmicrohttpd. */
#include "delivery/portal/portal.c"

#include "core/catalogue.h"
#include "core/log.h"
#include "core/sealing.h"
#include "delivery/mime.h"

enum { ANSWERS = 16, COLUMNS = 20, ROUNDS = 400, MESSAGE_MAX = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *answers;
	unsigned next;
	const uint8_t *message;
	size_t message_size;
	struct seal_key cookie, secret, content;
	struct account_keys keys;
	unsigned char header[SEALING_HEADER_BYTES];
	GByteArray *chunk; /* sealed */
} made;

static const char parcel[] = "01900000-0000-7000-8000-000000000001";
static const char key_id[] = "01900000-0000-7000-8000-000000000002";

static unsigned
answer_byte(void)
{
	return made.answers[made.next++ % ANSWERS];
}

/* --- results --- */

static void
put_text(PGresult *result, int row, int column, const char *text)
{
	PQsetvalue(result, row, column, (char *)text, text == NULL ? -1 : (int)strlen(text));
}

static void
put_bytes(PGresult *result, int row, int column, const unsigned char *bytes, size_t length)
{
	g_autofree char *text = g_malloc(2 * length + 3);

	memcpy(text, "\\x", 2);
	sodium_bin2hex(text + 2, 2 * length + 1, bytes, length);
	put_text(result, row, column, text);
}

static void
put_wrapped(PGresult *result, int row, int column, const struct seal_key *what,
	    const struct seal_key *by, const char *about)
{
	unsigned char wrapped[SEAL_WRAPPED_BYTES];

	seal_wrap(wrapped, what, by, about);
	put_bytes(result, row, column, wrapped, sizeof wrapped);
}

static void
put_anything(PGresult *result, int row, int column)
{
	static const char *const texts[] = {
		"",	 "1",		"t",	"f",	   "9223372036854775807",
		"-1",	 "a@b.example", "\\x",	"\\x00ff", "01900000-0000-7000-8000-00000000000f",
		"inbox", "smime",	"x\ny", "locked"};
	unsigned byte = answer_byte();

	put_text(result, row, column, byte % 16 < G_N_ELEMENTS(texts) ? texts[byte % 16] : NULL);
}

static void
put_session(PGresult *result)
{
	static const char *const states[] = {"member", "member", "guest", "half"};
	unsigned char public_key[SEAL_KEY_BYTES];

	crypto_scalarmult_base(public_key, made.keys.private_key.bytes);
	put_text(result, 0, 0, "01900000-0000-7000-8000-00000000000a");
	put_text(result, 0, 1, states[answer_byte() % 4]);
	put_wrapped(result, 0, 2, &made.secret, &made.cookie, "session");
	put_text(result, 0, 3, "f");
	put_text(result, 0, 4, "01900000-0000-7000-8000-00000000000b");
	put_text(result, 0, 5, "me@b.example");
	put_text(result, 0, 6, "Me@b.example");
	put_text(result, 0, 7, "de");
	put_bytes(result, 0, 8, public_key, sizeof public_key);
	put_text(result, 0, 9, answer_byte() % 2 ? "t" : "f");
	put_text(result, 0, 10, answer_byte() % 2 ? "t" : "f");
}

static void
put_item(PGresult *result)
{
	static const char *const folders[] = {"inbox", "sent", "drafts", NULL};
	static const char *const texts[] = {key_id,	    parcel, "anna@example.com",
					    "me@b.example", parcel, parcel};

	for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++)
		put_text(result, 0, i, texts[i]);
	put_text(result, 0, 6, folders[answer_byte() % 4]);
	put_text(result, 0, 7, answer_byte() % 2 ? "t" : "f");
	put_text(result, 0, 8, "1700000000");
	put_text(result, 0, 9, "1800000000");
	put_text(result, 0, 10, NULL);
	put_text(result, 0, 11, NULL);
	put_wrapped(result, 0, 12, &made.content, &made.keys.mailbox, key_id);
	put_text(result, 0, 14, NULL);
	put_text(result, 0, 15, NULL);
	put_wrapped(result, 0, 16, &made.content, &made.cookie, key_id);
}

static PGresult *
new_result(bool binary)
{
	static char name[] = "c";
	PGresAttDesc columns[COLUMNS] = {0};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	for (int i = 0; i < COLUMNS; i++)
		columns[i] = (PGresAttDesc){.name = name, .format = binary};
	PQsetResultAttrs(result, COLUMNS, columns);
	return result;
}

static PGresult *
answer_statement(const struct statement *statement)
{
	PGresult *result = new_result(statement->binary);
	unsigned rows;

	if (strcmp(statement->name, "session_by_cookie") == 0) {
		put_session(result);
	} else if (strcmp(statement->name, "mailbox_item") == 0 ||
		   strcmp(statement->name, "mailbox_guest_item") == 0) {
		put_item(result);
	} else if (strcmp(statement->name, "content_header") == 0) {
		put_bytes(result, 0, 0, made.header, sizeof made.header);
	} else if (strcmp(statement->name, "content_chunks") == 0) {
		PQsetvalue(result, 0, 0, (char *)made.chunk->data, (int)made.chunk->len);
	} else {
		rows = strcmp(statement->name, "throttle_take") == 0
			       ? 1
			       : answer_byte() % 4;
		for (int row = 0; row < (int)rows; row++)
			for (int column = 0; column < COLUMNS; column++)
				put_anything(result, row, column);
	}
	return result;
}

/* --- in the place of the database (linked with --wrap) --- */

struct connection *__wrap_database_take(struct database *database, struct fault *fault);
void __wrap_connection_give(struct connection *connection);
bool __wrap_connection_execute(struct connection *connection, const struct statement *statement,
			       const struct parameters *parameters, PGresult **result_r,
			       struct fault *fault);
bool __wrap_connection_rows(struct connection *connection, const struct statement *statement,
			    const struct parameters *parameters, take_row *take, void *context,
			    struct fault *fault);
bool __wrap_batch_begin(struct connection *connection, struct fault *fault);
bool __wrap_batch_add(struct connection *connection, const struct statement *statement,
		      const struct parameters *parameters, struct fault *fault);
bool __wrap_batch_commit(struct connection *connection, struct fault *fault);

static char connection_place;

struct connection *
__wrap_database_take(struct database *database, struct fault *fault)
{
	(void)database;
	(void)fault;
	return (struct connection *)&connection_place;
}

void
__wrap_connection_give(struct connection *connection)
{
	(void)connection;
}

bool
__wrap_connection_execute(struct connection *connection, const struct statement *statement,
			  const struct parameters *parameters, PGresult **result_r,
			  struct fault *fault)
{
	(void)connection;
	(void)parameters;
	if (answer_byte() == 255)
		return fault_set(fault, FAULT_DATABASE, "made up");
	if (result_r != NULL)
		*result_r = answer_statement(statement);
	return true;
}

/* One row, or none. */
bool
__wrap_connection_rows(struct connection *connection, const struct statement *statement,
		       const struct parameters *parameters, take_row *take, void *context,
		       struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	return __wrap_connection_execute(connection, statement, parameters, &result, fault) &&
	       (PQntuples(result) == 0 || take(context, result, fault));
}

bool
__wrap_batch_begin(struct connection *connection, struct fault *fault)
{
	(void)connection;
	(void)fault;
	return true;
}

bool
__wrap_batch_add(struct connection *connection, const struct statement *statement,
		 const struct parameters *parameters, struct fault *fault)
{
	(void)connection;
	(void)statement;
	for (int i = 0; i < parameters->count; i++)
		if (parameters->values[i] != NULL && parameters->formats[i] == 0 &&
		    strlen(parameters->values[i]) > 1 << 20)
			abort();
	(void)fault;
	return true;
}

bool
__wrap_batch_commit(struct connection *connection, struct fault *fault)
{
	(void)connection;
	(void)fault;
	return true;
}

/* --- the request --- */

static bool
store(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	(void)context;
	(void)number;
	(void)fault;
	g_byte_array_append(made.chunk, sealed, (guint)length);
	return true;
}

static void
seal_message(void)
{
	struct sealing_sink sealing;
	struct fault fault;

	g_byte_array_set_size(made.chunk, 0);
	sealing_sink_init(&sealing, &made.content, parcel, made.header, store, NULL);
	sink_write(&sealing.sink, made.message, MIN(made.message_size, (size_t)MESSAGE_MAX),
		   &fault);
	sink_finish(&sealing.sink, &fault);
	sealing_sink_clear(&sealing);
}

static void
converse(struct portal *portal, const uint8_t *request, size_t size)
{
	const struct sockaddr_in peer = {.sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char answered[65536];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0)
		return;
	if (write(ends[1], request, size) >= 0 && shutdown(ends[1], SHUT_WR) == 0 &&
	    MHD_add_connection(portal->daemon, ends[0], (const struct sockaddr *)&peer,
			       sizeof peer) == MHD_YES) {
		ssize_t got = -1;

		for (int i = 0; i < ROUNDS && got != 0; i++) {
			MHD_run(portal->daemon);
			got = read(ends[1], answered, sizeof answered);
		}
	}
	close(ends[1]);
	for (int i = 0; i < 3; i++)
		MHD_run(portal->daemon);
}

static void
prepare(struct portal *portal, struct seal_key *courier)
{
	static const char configuration[] =
		"organisation \"Fuzz Ltd\"\ndomains { \"example.com\" }\ndatabase \"\"\n"
		"portal url \"http://localhost\"\nspool directory \"/tmp\"\n"
		"match portal recipient \"open@example.com\" deliver plain\notherwise deliver "
		"plain\n";
	GPtrArray *errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = NULL;
	struct fault fault;
	int fd = g_file_open_tmp(NULL, &path, NULL);

	if (fd < 0 || write(fd, configuration, strlen(configuration)) < 0 || sodium_init() < 0 ||
	    !catalogue_start("", &fault) || !page_start("", &fault))
		abort();
	mime_start();
	log_open("fuzz", true);
	portal->policy = policy_load(path, (const char *const[]){"plain", NULL}, errors);
	close(fd);
	unlink(path);
	if (portal->policy == NULL)
		abort();
	portal->settings = policy_settings(portal->policy);
	portal->courier = courier;
	portal->spool = (struct spool_settings){.directory = "/tmp", .memory_max = SPOOL_MEMORY};
	memset(made.cookie.bytes, 0, SEAL_KEY_BYTES); /* "AAAA…" */
	memset(made.secret.bytes, 1, SEAL_KEY_BYTES);
	memset(made.content.bytes, 2, SEAL_KEY_BYTES);
	account_keys_make(&made.keys, &made.secret);
	crypto_scalarmult_base(courier->bytes, made.secret.bytes);
	made.chunk = g_byte_array_new();
	portal->daemon = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle, portal,
					  MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
					  MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					  (size_t)CONNECTION_BYTES, MHD_OPTION_END);
	g_ptr_array_unref(errors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct portal portal;
	static struct seal_key courier;
	size_t length;

	if (portal.daemon == NULL)
		prepare(&portal, &courier);
	if (size < ANSWERS + 2)
		return 0;
	made.answers = data;
	made.next = 0;
	length = MIN((size_t)data[ANSWERS] << 8 | data[ANSWERS + 1], size - ANSWERS - 2);
	made.message = data + ANSWERS + 2 + length;
	made.message_size = size - ANSWERS - 2 - length;
	seal_message();
	converse(&portal, data + ANSWERS + 2, length);
	return 0;
}
