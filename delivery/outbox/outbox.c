#include "delivery/outbox/outbox.h"

#include "core/address.h"
#include "core/seal/marked.h"
#include "delivery/outbox/decided.h"
#include "keystore/certificate.h"

enum { DAY_SECONDS = 86400 };

const char *const outbox_kinds[] = {"copy",    "notice", "code",    "alert", "bounce",
				    "receipt", "reply",	 "account", NULL};

static const struct statement outbox_put = {
	"outbox_put",
	"insert into postseal.outbox (id, message, kind, sender, ret, envid, smtputf8, verified,"
	" boxed_key, header, expires_at, client) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 second', $12::text::inet)",
	.repeats = true};

static const struct statement outbox_put_copies = {
	"outbox_put_copies", "update postseal.outbox set copies = $2 where id = $1"};

static const struct statement outbox_put_recipient = {
	"outbox_put_recipient",
	"insert into postseal.outbox_recipient (outbox, number, address, notify, orcpt, copy) "
	"values ($1, $2, $3, $4, $5, $6)",
	.repeats = true};

static const struct statement outbox_put_trust = {
	"outbox_put_trust",
	"insert into postseal.outbox_trust (outbox, number, kind, subject, address, sender, asked, colleagues, authority, chain) "
	"values ($1, $2, $3, $4, $5, $6, $7::text::postseal.trust_level, $8, $9, $10)",
	.repeats = true};

static const struct statement outbox_put_chunk = {
	"outbox_put_chunk",
	"insert into postseal.outbox_chunk (outbox, number, content) values ($1, $2, $3)",
	.repeats = true};

static bool
store_chunk(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	struct outbox_writer *writer = context;
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->mail->id.text);
	parameters_number(&parameters, number);
	parameters_bytes(&parameters, sealed, length);
	return batch_add(writer->connection, &outbox_put_chunk, &parameters, fault);
}

static bool
put_copies(struct connection *connection, const struct outbox_mail *mail, struct fault *fault)
{
	struct parameters parameters = {0};

	if (mail->copies == NULL)
		return true;
	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, mail->copies);
	return batch_add(connection, &outbox_put_copies, &parameters, fault);
}

bool
outbox_begin(struct outbox_writer *writer, struct connection *connection,
	     const struct seal_key *courier, const struct outbox_mail *mail, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char boxed[SEAL_MARKED_BOX_BYTES], header[SEALING_HEADER_BYTES];
	struct seal_key content;
	bool boxed_well;

	*writer = (struct outbox_writer){.connection = connection,
					 .mail = mail,
					 .addresses = g_ptr_array_new_with_free_func(g_free),
					 .copies = g_ptr_array_new_with_free_func(g_free)};
	imprint_sink_init(&writer->imprint, mail->sender, &writer->sealing.sink);
	randombytes_buf(content.bytes, SEAL_KEY_BYTES);
	sealing_sink_init(&writer->sealing, &content, mail->id.text, header, store_chunk, writer);
	boxed_well = seal_marked_box(boxed, &content, courier, fault);
	sodium_memzero(&content, sizeof content);
	if (!boxed_well)
		return false;
	parameters_text(&parameters, mail->id.text);
	parameters_text(&parameters, mail->message);
	parameters_text(&parameters, mail->kind);
	parameters_text(&parameters, mail->sender);
	parameters_text(&parameters, mail->ret);
	parameters_text(&parameters, mail->envid);
	parameters_flag(&parameters, mail->smtputf8);
	parameters_flag(&parameters, mail->verified);
	parameters_bytes(&parameters, boxed, sizeof boxed);
	parameters_bytes(&parameters, header, sizeof header);
	parameters_number(&parameters, (int64_t)mail->lifetime);
	parameters_text(&parameters, mail->client);
	return batch_add(connection, &outbox_put, &parameters, fault) &&
	       put_copies(connection, mail, fault);
}

bool
outbox_add_recipient(struct outbox_writer *writer, const struct outbox_recipient *recipient,
		     struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->mail->id.text);
	parameters_number(&parameters, writer->addresses->len);
	g_ptr_array_add(writer->addresses, address_fold(recipient->address));
	g_ptr_array_add(writer->copies, g_strdup(recipient->copy));
	parameters_text(&parameters, recipient->address);
	parameters_text(&parameters, recipient->notify);
	parameters_text(&parameters, recipient->orcpt);
	parameters_text(&parameters, recipient->copy);
	return batch_add(writer->connection, &outbox_put_recipient, &parameters, fault);
}

/* As a PostgreSQL array; NULL: there is none. Caller frees. */
static char *
fingerprints(const STACK_OF(X509) * chain)
{
	GString *text = chain == NULL ? NULL : g_string_new("{");

	for (int i = 0; i < sk_X509_num(chain); i++) {
		g_autofree char *fingerprint = certificate_fingerprint(sk_X509_value(chain, i));

		g_string_append_printf(text, "%s%s", i > 0 ? "," : "", fingerprint);
	}
	return text == NULL ? NULL : g_string_free(g_string_append_c(text, '}'), FALSE);
}

bool
outbox_add_trust(struct outbox_writer *writer, const struct outbox_trust *trust,
		 struct fault *fault)
{
	g_autofree char *chain = fingerprints(trust->key->chain);
	struct parameters parameters = {0};

	parameters_text(&parameters, writer->mail->id.text);
	parameters_number(&parameters, writer->trust_count++);
	parameters_text(&parameters, key_kind_name(trust->key->kind));
	parameters_text(&parameters, trust->key->fingerprint);
	parameters_text(&parameters, trust->address);
	parameters_text(&parameters, trust->sender);
	parameters_text(&parameters, trust->asked);
	parameters_number(&parameters, (int64_t)trust->colleagues);
	parameters_text(&parameters, trust->key->authority);
	parameters_text(&parameters, chain);
	return batch_add(writer->connection, &outbox_put_trust, &parameters, fault);
}

/* The MTA may try for as long as the outbox does. */
static bool
note_decided(const struct outbox_writer *writer, struct fault *fault)
{
	unsigned char imprint[IMPRINT_BYTES];

	imprint_sink_end(&writer->imprint, imprint);
	for (guint i = 0; i < writer->addresses->len; i++) {
		const struct decided decided = {.address = g_ptr_array_index(writer->addresses, i),
						.kind = (char *)writer->mail->kind,
						.verified = writer->mail->verified,
						.copy = g_ptr_array_index(writer->copies, i)};

		if (!decided_note(writer->connection, imprint, &decided,
				  2 * writer->mail->lifetime + DAY_SECONDS, fault))
			return false;
	}
	return true;
}

bool
outbox_end(struct outbox_writer *writer, struct fault *fault)
{
	return sink_finish(&writer->imprint.sink, fault) && note_decided(writer, fault);
}

void
outbox_clear(struct outbox_writer *writer)
{
	imprint_sink_clear(&writer->imprint);
	sealing_sink_clear(&writer->sealing);
	g_clear_pointer(&writer->addresses, g_ptr_array_unref);
	g_clear_pointer(&writer->copies, g_ptr_array_unref);
}
