#include "mail/message.h"

#include <stdio.h>
#include <string.h>

#include "core/address.h"

static void
recipient_free(struct recipient *recipient)
{
	g_free(recipient->path);
	g_free(recipient->address);
	g_free(recipient->folded);
	g_free(recipient->notify);
	g_free(recipient->orcpt);
	g_free(recipient);
}

struct message *
message_new(const struct spool_settings *spool)
{
	struct message *message = g_new0(struct message, 1);

	message->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	message->fields = g_ptr_array_new_with_free_func((GDestroyNotify)field_free);
	message->body = spool_new(spool);
	crypto_generichash_init(&message->digest, NULL, 0, 32);
	return message;
}

void
message_free(struct message *message)
{
	if (message == NULL)
		return;
	g_free(message->sender);
	g_free(message->sender_folded);
	g_free(message->ret);
	g_free(message->envid);
	g_free(message->queue_id);
	g_free(message->authenticated);
	g_free(message->client);
	g_ptr_array_unref(message->recipients);
	g_ptr_array_unref(message->fields);
	spool_free(message->body);
	g_free(message);
}

/* The value of "NAME=value"; caller frees. NULL if it is not given. */
static char *
parameter(char *const *parameters, const char *name)
{
	size_t length = strlen(name);

	for (; parameters != NULL && *parameters != NULL; parameters++)
		if (g_ascii_strncasecmp(*parameters, name, length) == 0 &&
		    ((*parameters)[length] == '=' || (*parameters)[length] == '\0'))
			return g_strdup(*parameters + length + ((*parameters)[length] == '='));
	return NULL;
}

static bool
has_smtputf8(char *const *parameters)
{
	g_autofree char *value = parameter(parameters, "SMTPUTF8");

	return value != NULL;
}

static bool
read_path(struct address *address, const struct envelope_argument *argument, bool smtputf8,
	  struct fault *fault)
{
	if (!address_parse_path(address, argument->path, argument->reading, fault))
		return false;
	if (!address->international || smtputf8)
		return true;
	fault_set(fault, FAULT_SMTPUTF8,
		  "The address <%s> is not ASCII, and the mail program did not ask for SMTPUTF8",
		  address->text);
	address_clear(address);
	return false;
}

bool
message_set_sender(struct message *message, const struct envelope_argument *argument,
		   struct fault *fault)
{
	bool smtputf8 = has_smtputf8(argument->parameters),
	     is_null = *argument->path == '\0' || strcmp(argument->path, "<>") == 0;
	g_auto(address_auto) address = {0};

	if (!is_null && !read_path(&address, argument, smtputf8, fault)) {
		if (fault->cause == FAULT_ADDRESS)
			fault->cause = FAULT_SENDER;
		return false;
	}
	message->sender = is_null ? g_strdup("") : g_steal_pointer(&address.text);
	message->sender_folded = is_null ? g_strdup("") : g_steal_pointer(&address.key);
	message->ret = parameter(argument->parameters, "RET");
	message->envid = parameter(argument->parameters, "ENVID");
	message->smtputf8 = smtputf8;
	return true;
}

bool
message_add_recipient(struct message *message, const struct envelope_argument *argument,
		      struct fault *fault)
{
	g_auto(address_auto) address = {0};
	struct recipient *recipient;

	if (!read_path(&address, argument, message->smtputf8, fault))
		return false;
	recipient = g_new0(struct recipient, 1);
	recipient->path = g_strdup(argument->path);
	recipient->address = g_steal_pointer(&address.text);
	recipient->folded = g_steal_pointer(&address.key);
	recipient->notify = parameter(argument->parameters, "NOTIFY");
	recipient->orcpt = parameter(argument->parameters, "ORCPT");
	g_ptr_array_add(message->recipients, recipient);
	return true;
}

static size_t
count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	return lines;
}

void
message_add_field(struct message *message, const char *name, const char *value)
{
	g_ptr_array_add(message->fields, field_new(name, value));
	message->header_size += strlen(name) + 1 + strlen(value) + count_lines(value) + 2;
}

bool
message_add_body(struct message *message, const void *data, size_t length, struct fault *fault)
{
	crypto_generichash_update(&message->digest, data, length);
	return spool_append(message->body, data, length, fault);
}

uint64_t
message_size(const struct message *message)
{
	return message->header_size + 2 + spool_size(message->body);
}

unsigned
message_passes(const struct message *message, const char *hostname)
{
	g_autofree char *mark = g_strdup_printf("by %s (Postseal) id ", hostname);
	unsigned passes = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		passes += field_is(field, "Received") && strstr(field->value, mark) != NULL;
	}
	return passes;
}

const struct field *
message_field(const struct message *message, const char *name)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is(field, name))
			return field;
	}
	return NULL;
}

char *
message_field_text(const struct message *message, const char *name)
{
	const struct field *field = message_field(message, name);

	return field == NULL ? NULL : field_text(field->value);
}

char *
message_field_shown(const struct message *message, const char *name)
{
	const struct field *field = message_field(message, name);

	return field == NULL ? g_strdup("") : field_shown(field->value);
}

static void
digest_text(crypto_generichash_state *state, const char *text)
{
	if (text != NULL)
		crypto_generichash_update(state, (const unsigned char *)text, strlen(text));
	crypto_generichash_update(state, (const unsigned char *)"", 1);
}

/* Fields that people and their programs write. Fields that machines add on the way (Received,
 * signatures, scores) may differ when the message is offered again. */
static bool
is_written(const struct field *field)
{
	static const char *const names[] = {"Message-ID", "Date",	"From",	      "Sender",
					    "Reply-To",	  "To",		"Cc",	      "Bcc",
					    "Subject",	  "Comments",	"Keywords",   "In-Reply-To",
					    "References", "Importance", "Sensitivity"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (field_is(field, names[i]))
			return true;
	return field_is_content(field);
}

/* The MTA adds a missing Message-ID that has the message's queue ID: another one for each offer. */
static bool
has_queue_id(const struct message *message, const struct field *field)
{
	g_autofree char *mark = g_strdup_printf(".%s@", message->queue_id);

	return message->queue_id != NULL && strstr(field->value, mark) != NULL;
}

/* The MTA adds a missing Date that has the time of the offer. Postfix writes it with the name of
 * the time zone, as "+0000 (UTC)", at the end of the header, and only a missing From or To behind
 * it. */
static bool
is_added_date(const struct message *message, guint i)
{
	const struct field *date = g_ptr_array_index(message->fields, i);

	if (!field_is(date, "Date") || !g_str_has_suffix(date->value, ")"))
		return false;
	while (++i < message->fields->len) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (!field_is(field, "From") && !field_is(field, "To"))
			return false;
	}
	return true;
}

static bool
is_added_by_mta(const struct message *message, guint i)
{
	const struct field *field = g_ptr_array_index(message->fields, i);

	return (field_is(field, "Message-ID") && has_queue_id(message, field)) ||
	       is_added_date(message, i);
}

bool
message_has_written(const struct message *message, const char *name)
{
	for (guint i = 0; i < message->fields->len; i++)
		if (field_is(g_ptr_array_index(message->fields, i), name) &&
		    !is_added_by_mta(message, i))
			return true;
	return false;
}

/* Is there something by which messages of the same sender can be told apart? */
static bool
is_distinct(const struct message *message)
{
	return message_has_written(message, "Message-ID") || message_has_written(message, "Date") ||
	       message_has_written(message, "Subject");
}

static void
digest_written(crypto_generichash_state *state, const struct message *message)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *name = NULL, *value = NULL;

		if (!is_written(field) || is_added_by_mta(message, i))
			continue;
		name = g_ascii_strdown(field->name, -1);
		value = field_text(field->value);
		digest_text(state, name);
		digest_text(state, value);
	}
}

void
message_identity(const struct message *message, unsigned char identity_r[32])
{
	crypto_generichash_state state, body = message->digest;
	unsigned char body_digest[32];

	crypto_generichash_init(&state, NULL, 0, 32);
	digest_text(&state, message->sender_folded);
	digest_written(&state, message);
	if (!is_distinct(message))
		digest_text(&state, message->queue_id);
	crypto_generichash_final(&body, body_digest, sizeof body_digest);
	crypto_generichash_update(&state, body_digest, sizeof body_digest);
	crypto_generichash_final(&state, identity_r, 32);
}

GString *
message_entity_header(const struct message *message)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is_content(field))
			field_append(text, field);
	}
	return g_string_append(text, "\r\n");
}

/* --- from a file --- */

bool
message_add_header_line(struct message *message, GString *field, const char *line)
{
	char *colon;

	if (*line == ' ' || *line == '\t') {
		if (field->len == 0)
			return false;
		g_string_append_c(field, '\n');
		g_string_append(field, line);
		return true;
	}
	if (field->len > 0) {
		colon = strchr(field->str, ':');
		if (colon == NULL)
			return false;
		*colon = '\0';
		message_add_field(message, field->str, colon + 1);
	}
	g_string_assign(field, line);
	return true;
}

static bool
add_body_line(struct message *message, char *line, size_t length, struct fault *fault)
{
	bool ended = length > 0 && line[length - 1] == '\n';

	if (!ended)
		return message_add_body(message, line, length, fault);
	length--;
	if (length > 0 && line[length - 1] == '\r')
		length--;
	return message_add_body(message, line, length, fault) &&
	       message_add_body(message, "\r\n", 2, fault);
}

bool
message_read(struct message *message, FILE *file, struct fault *fault)
{
	g_autoptr(GString) field = g_string_new(NULL);
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool in_header = true, good = true;

	while (good && (length = getline(&line, &size, file)) >= 0) {
		if (!in_header) {
			good = add_body_line(message, line, (size_t)length, fault);
			continue;
		}
		line[strcspn(line, "\r\n")] = '\0';
		if (*line == '\0') {
			in_header = false;
			good = message_add_header_line(message, field, "");
		} else {
			good = message_add_header_line(message, field, line);
		}
		if (!good)
			fault_set(fault, FAULT_INPUT,
				  "reading the header: the line “%.60s” is not a field", line);
	}
	if (good && in_header)
		good = message_add_header_line(message, field, "");
	free(line);
	return good;
}
