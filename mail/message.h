/*
 * A message as the MTA offers it: envelope (RFC 5321, with the DSN parameters of RFC 3461), header
 * fields with their exact bytes, and the body in a spool.
 */
#ifndef POSTSEAL_MAIL_MESSAGE_H
#define POSTSEAL_MAIL_MESSAGE_H

#include <glib.h>
#include <sodium.h>

#include "core/spool.h"
#include "mail/field.h"

struct recipient {
	char *path;    /* as the MTA has it, which knows the recipient by nothing else */
	char *address; /* `text` and `key` of core/address.h */
	char *folded;
	char *notify; /* DSN parameters as given, or NULL */
	char *orcpt;
};

struct message {
	char *sender; /* like the `address` of a recipient; "" for the null sender */
	char *sender_folded;
	char *ret;
	char *envid;
	bool smtputf8;
	char *queue_id;
	char *authenticated;
	char *client;
	GPtrArray *recipients; /* struct recipient */
	GPtrArray *fields;     /* struct field */
	uint64_t header_size;  /* bytes, as sent */
	struct spool *body;
	crypto_generichash_state digest; /* of the body */
};

struct message *message_new(const struct spool_settings *spool);
void message_free(struct message *message);
typedef struct message message_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(message_auto, message_free)

/* The arguments of MAIL and RCPT. What address_parse_path() does not accept is refused
 * (FAULT_SENDER, FAULT_ADDRESS, FAULT_SMTPUTF8), and so is anything but ASCII from a client that
 * did not ask for SMTPUTF8; the message is then unchanged. */
struct envelope_argument {
	const char *path;
	const char *reading;	 /* how the MTA reads the address, or NULL */
	char *const *parameters; /* ESMTP parameters ("RET=HDRS"), ends with NULL; may be NULL */
};
bool message_set_sender(struct message *message, const struct envelope_argument *argument,
			struct fault *fault);
bool message_add_recipient(struct message *message, const struct envelope_argument *argument,
			   struct fault *fault);
void message_add_field(struct message *message, const char *name, const char *value);
bool message_add_body(struct message *message, const void *data, size_t length,
		      struct fault *fault);

/* Takes the header line by line, without line ends: a line is a field, or continues the one before
 * it, which waits in `field` until the next; after the last one, "" ends the header. False: it is
 * no header. */
bool message_add_header_line(struct message *message, GString *field, const char *line);
/* Reads a file with header and body into a message without an envelope. */
bool message_read(struct message *message, FILE *file, struct fault *fault);

uint64_t message_size(const struct message *message);
/* How many Received fields say that the message passed through the Postseal of this host (setting
 * `limit passes`). */
unsigned message_passes(const struct message *message, const char *hostname);
/* The first field of that name, or NULL. */
const struct field *message_field(const struct message *message, const char *name);
/* The unfolded value of that field, without surrounding blanks. Caller frees; NULL: no such field.
 */
char *message_field_text(const struct message *message, const char *name);
/* The same with encoded words decoded to UTF-8; "" if there is no such field. Caller frees. */
char *message_field_shown(const struct message *message, const char *name);

/* Promise 3: the same for each offer of a message, different for any other message. BLAKE2b over
 * sender, body and the fields that people and their programs write, and also the queue ID if none
 * of Message-ID, Date and Subject is among them. What the MTA adds to a message without Message-ID
 * or Date does not count, since it differs with each offer. */
void message_identity(const struct message *message, unsigned char identity_r[32]);
/* Is there such a field that the MTA has not added? */
bool message_has_written(const struct message *message, const char *name);

/* The header of the MIME entity: the Content-* fields as they are, and the empty line; caller
 * frees. The body follows it. */
GString *message_entity_header(const struct message *message);

#endif
