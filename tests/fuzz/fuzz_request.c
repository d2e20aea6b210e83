/*
 * A whole HTTP request, as bytes on a connection, with a simulated database: every route, form,
 * cookie and parameter, and the reading of a parked message.
 *
 * Input: the bytes for made_up_choose(); two bytes with the length of the request; the request; the
 * message to be read.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

/* libmicrohttpd calls its static functions. */
#include "portal/portal.c"

#include "core/catalogue.h"
#include "core/log.h"
#include "keystore/openpgp.h"
#include "keystore/upload_judge.h"
#include "mail/mime_stream.h"
#include "tests/fuzz/made_up.h"

enum { ROUNDS = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No gpg is started for an uploaded file; another target (sealed) covers its output. */
bool __wrap_openpgp_read(const GPtrArray *blocks, const struct openpgp_known *known,
			 const char *gpg_program, GPtrArray *keys, GPtrArray *broken,
			 struct fault *fault);
bool
__wrap_openpgp_read(const GPtrArray *blocks, const struct openpgp_known *known,
		    const char *gpg_program, GPtrArray *keys, GPtrArray *broken,
		    struct fault *fault)
{
	(void)blocks, (void)known, (void)gpg_program, (void)keys, (void)broken;
	return fault_set(fault, FAULT_INPUT, "made up");
}

/* Reads the upload in this process. */
struct key_facts *__wrap_upload_read(struct upload_reader *reader, const void *bytes, size_t length,
				     const char *address, struct fault *fault);
struct key_facts *
__wrap_upload_read(struct upload_reader *reader, const void *bytes, size_t length,
		   const char *address, struct fault *fault)
{
	const struct upload_file file = {bytes, length, address, "/bin/false", g_get_tmp_dir()};

	(void)reader;
	return upload_judge(&file, fault);
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
		"organisation \"Fuzz Ltd\"\ndomains { \"example.com\" }\ndatabase \"none\"\n"
		"portal url \"http://localhost\"\nspool directory \"/tmp\"\npop listen \"[::]:995\"\n"
		"pickup files \"yes\"\n"
		"match portal recipient \"open@example.com\" deliver plain\notherwise deliver "
		"plain\n";
	static const struct policy_method plain[] = {{"plain", true, false}, {NULL, false, false}};
	g_autofree char *path = NULL;
	struct fault fault;
	int fd = g_file_open_tmp(NULL, &path, NULL);

	if (fd < 0 || write(fd, configuration, strlen(configuration)) < 0 ||
	    !catalogue_start("", &fault) || !page_start("", &fault))
		abort();
	made_up_start(courier);
	mime_start();
	log_open("fuzz", true);
	portal->policy = policy_read(path, plain);
	close(fd);
	unlink(path);
	if (portal->policy == NULL)
		abort();
	portal->settings = policy_settings(portal->policy);
	portal->courier = ring_new("", SECRET_COURIER_PUBLIC, &(struct key_file){1, {*courier}});
	if (!prepare_site(portal, &fault))
		abort();
	portal->reader = reader_new(portal->settings);
	portal->preview_reader = reader_new(portal->settings);
	portal->daemon = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, handle, portal,
					  MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
					  MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					  (size_t)CONNECTION_BYTES, MHD_OPTION_END);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct portal portal;
	static struct seal_key courier;
	const uint8_t *request;
	size_t length;

	if (portal.daemon == NULL)
		prepare(&portal, &courier);
	if (size < MADE_UP_CHOICES + 2)
		return 0;
	request = data + MADE_UP_CHOICES + 2;
	size -= MADE_UP_CHOICES + 2;
	length = MIN((size_t)data[MADE_UP_CHOICES] << 8 | data[MADE_UP_CHOICES + 1], size);
	made_up_choose(data, request + length, size - length);
	converse(&portal, request, length);
	return 0;
}
