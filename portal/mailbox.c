#include "portal/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "core/address.h"
#include "core/log.h"
#include "delivery/outbox/receipt.h"
#include "delivery/parcel/parcel.h"
#include "keystore/trust.h"
#include "mail/layout_unpack.h"
#include "portal/formatted.h"

static const char *const folder_names[FOLDERS] = {"inbox", "sent", "drafts"};

static const struct statement keep_key = {
	"mailbox_keep", "update postseal.parcel_key set kept = $2, sealed = null where id = $1"};

#define ITEM_HEAD "select k.id, k.parcel, p.sender, coalesce(c.recipient, ''), k.copy, p.message, "
#define ITEM_TAIL                                                                                  \
	", k.read_at is not null, extract(epoch from p.created_at)::bigint,"                       \
	" extract(epoch from k.expires_at)::bigint, p.layout, p.receipt, k.kept, k.sealed, "       \
	"k.answers, k.reply_kind, coalesce(k.shown_as_read, k.read_at is not null)"

static const struct statement item_of_member = {
	"mailbox_item", ITEM_HEAD
	"k.folder" ITEM_TAIL
	", null::bytea, k.draft from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel"
	" left join postseal.copy c on c.id = k.copy "
	"where k.id = $1 and k.account = $2 and k.expires_at > now()"};

/* For a guest, no folder is given, whoever's mailbox the message may be in. */
static const struct statement item_of_guest = {
	"mailbox_guest_item", ITEM_HEAD
	"null::text" ITEM_TAIL
	", s.wrapped, null::uuid from postseal.session_key s join postseal.parcel_key k on k.id = s.parcel_key"
	" join postseal.parcel p on p.id = k.parcel left join postseal.copy c on c.id = k.copy "
	"where k.id = $1 and s.session = $2 and k.expires_at > now()"};

static const struct statement keep_layout = {
	"mailbox_layout", "update postseal.parcel set layout = $2 where id = $1"};
/* The names of its files are known now. */
static const struct statement index_again = {
	"mailbox_index_again",
	"update postseal.parcel_key set indexed = null where id = $1 and indexed is not null"};

static const struct statement mark_read = {"mailbox_read", "select postseal.parcel_key_read($1)"};
/* SQLSTATEs of that function, and of the one that deletes */
static const char read_already[] = "PS001", gone_meanwhile[] = "PS002";

/* Null where the list shows how it is, so that the mark ends with the first opening. */
static const struct statement mark = {
	"mailbox_mark",
	"update postseal.parcel_key set shown_as_read = nullif($3::boolean, read_at is not null) "
	"where id = $1 and account = $2 and folder = 'inbox'"};

static const struct statement put_own = {
	"mailbox_put_own", "insert into postseal.parcel_key (id, parcel, account, "
			   "kept, sealed, folder, answers, reply_kind, draft, issued_at, read_at,"
			   " expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), "
			   "now(), now() + $10 * interval '1 second')"};

static const struct statement replace_draft = {"mailbox_replace_draft",
					       "select postseal.draft_replace($1, $2, $3)"};
static const struct statement draft_version = {
	"mailbox_draft_version",
	"select id from postseal.parcel_key where account = $1 and draft = $2 and expires_at > now()"};
static const struct statement delete_key = {"mailbox_delete",
					    "select postseal.parcel_key_delete($1, $2)"};

/* With the time at which its code was made; if the code was withdrawn because a new one is on its
 * way, it counts as older than everything. */
static const struct statement sender_of_key = {
	"mailbox_sender",
	"select p.sender, c.address, coalesce(k.issued_at, '-infinity'), p.message,"
	" p.phone is null or p.sent_by_sender "
	"from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel"
	" join postseal.copy c on c.id = k.copy where k.id = $1"};

static const struct statement adopt_key = {
	"mailbox_adopt", "update postseal.parcel_key set account = $2, kept = $3, folder = 'inbox' "
			 "where id = $1 and account is null"};

static const struct statement need_room = {"mailbox_need_room",
					   "select postseal.mailbox_room($1, $2, $3)"};

const char *
folder_name(enum folder folder)
{
	return folder_names[folder];
}

/* --- keys --- */

bool
mailbox_unwrap_key(const struct session *session, const char *id, const PGresult *result, int row,
		   int kept_column, struct seal_key *content_r, bool *was_sealed_r,
		   struct fault *fault)
{
	size_t length;
	g_autofree unsigned char *kept = result_bytes(result, row, kept_column, &length);
	g_autofree unsigned char *sealed = NULL;

	*was_sealed_r = !seal_unwrap(content_r, kept, length, &session->keys.mailbox, id);
	if (!*was_sealed_r)
		return true;
	sealed = result_bytes(result, row, kept_column + 1, &length);
	return seal_unbox(content_r, sealed, length, &session->account.public_key,
			  &session->keys.private_key) ||
	       fault_set(fault, FAULT_CRYPTO,
			 "opening the key %s of a mailbox: it is sealed to another key", id);
}

bool
mailbox_open_key(struct connection *connection, const struct session *session, const char *id,
		 const PGresult *result, int row, int kept_column, struct seal_key *content_r,
		 struct fault *fault)
{
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	struct parameters parameters = {0};
	bool was_sealed;

	if (!mailbox_unwrap_key(session, id, result, row, kept_column, content_r, &was_sealed,
				fault))
		return false;
	if (!was_sealed)
		return true;
	seal_wrap(wrapped, content_r, &session->keys.mailbox, id);
	parameters_text(&parameters, id);
	parameters_bytes(&parameters, wrapped, sizeof wrapped);
	return connection_execute(connection, &keep_key, &parameters, NULL, fault);
}

/* --- one message --- */

void
mailbox_item_clear(struct mailbox_item *item)
{
	layout_free(item->layout);
	g_free(item->sender);
	g_free(item->recipient);
	g_free(item->copy);
	g_free(item->message);
	g_free(item->receipt);
	g_free(item->answers);
	g_free(item->reply_kind);
	g_free(item->draft);
	sodium_memzero(item, sizeof *item);
}

static void
read_item(const PGresult *result, struct mailbox_item *item)
{
	const char *folder = result_text(result, 0, 6);

	identifier_parse(&item->id, PQgetvalue(result, 0, 0));
	identifier_parse(&item->content.parcel, PQgetvalue(result, 0, 1));
	item->sender = g_strdup(PQgetvalue(result, 0, 2));
	item->recipient = g_strdup(PQgetvalue(result, 0, 3));
	item->copy = g_strdup(result_text(result, 0, 4));
	item->message = g_strdup(result_text(result, 0, 5));
	item->has_folder = folder != NULL;
	for (int i = 0; folder != NULL && i < FOLDERS; i++)
		if (strcmp(folder, folder_names[i]) == 0)
			item->folder = (enum folder)i;
	item->is_read = result_flag(result, 0, 7);
	item->at = result_number(result, 0, 8);
	item->expires_at = result_number(result, 0, 9);
	item->receipt = g_strdup(result_text(result, 0, 11));
	item->answers = g_strdup(result_text(result, 0, 14));
	item->reply_kind = g_strdup(result_text(result, 0, 15));
	item->is_shown_as_read = result_flag(result, 0, 16);
	item->draft = g_strdup(result_text(result, 0, 18));
}

/* A message of a guest, or of a member who has opened it with link and code. */
static bool
find_opened(struct connection *connection, const struct session *session, const char *id,
	    PGresult **result_r, struct seal_key *content_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autofree unsigned char *wrapped = NULL;
	size_t length;

	if (*session->id.text == '\0') /* a mail client's: it has no link */
		return true;
	parameters_text(&parameters, id);
	parameters_text(&parameters, session->id.text);
	if (!connection_execute(connection, &item_of_guest, &parameters, result_r, fault))
		return false;
	if (PQntuples(*result_r) == 0)
		return true;
	wrapped = result_bytes(*result_r, 0, 17, &length);
	*found_r = seal_unwrap(content_r, wrapped, length, &session->cookie,
			       PQgetvalue(*result_r, 0, 0));
	return true;
}

static bool
find_item(struct connection *connection, const struct session *session, const char *id,
	  PGresult **result_r, struct seal_key *content_r, bool *found_r, struct fault *fault)
{
	struct parameters parameters = {0};

	*found_r = false;
	if (session->state == SESSION_MEMBER) {
		parameters_text(&parameters, id);
		parameters_text(&parameters, session->account.id.text);
		if (!connection_execute(connection, &item_of_member, &parameters, result_r, fault))
			return false;
		*found_r = PQntuples(*result_r) == 1;
		if (*found_r)
			return mailbox_open_key(connection, session, PQgetvalue(*result_r, 0, 0),
						*result_r, 0, 12, content_r, fault);
		g_clear_pointer(result_r, PQclear);
	}
	return find_opened(connection, session, id, result_r, content_r, found_r, fault);
}

static bool
put_layout(struct database *database, const struct mailbox_item *item, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	g_autofree char *text = layout_print(item->layout);
	struct parameters parameters = {0}, key = {0};
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	if (connection == NULL)
		return false;
	sealed = seal_bytes(text, strlen(text), &item->content.key, item->content.parcel.text,
			    &length);
	parameters_text(&parameters, item->content.parcel.text);
	parameters_bytes(&parameters, sealed, length);
	parameters_text(&key, item->id.text);
	return batch_begin(connection, fault) &&
	       batch_add(connection, &keep_layout, &parameters, fault) &&
	       batch_add(connection, &index_again, &key, fault) && batch_commit(connection, fault);
}

/* When first needed, the whole message is parsed. */
static bool
make_layout(const struct mailbox *mailbox, const struct mailbox_use *use, struct mailbox_item *item,
	    struct fault *fault)
{
	g_autoptr(spool_auto) raw = spool_new(mailbox->spool);
	g_autoptr(content_auto) content = content_open(&item->content, NULL);
	struct reader *reader;
	bool is_whole;

	if (!content_copy(content, spool_sink(raw), fault))
		return false;
	item->layout = layout_new(raw, fault);
	if (item->layout == NULL)
		return false;
	/* A download does not wait for postseal-reader. */
	reader = use->part == MAILBOX_TEXT ? mailbox->reader : NULL;
	is_whole = layout_unpack(item->layout, raw, reader, mailbox->spool->directory);
	is_whole = formatted_sort_pictures(reader, &item->content, item->layout) && is_whole;
	return !is_whole || put_layout(mailbox->database, item, fault);
}

static bool
read_layout(const PGresult *result, struct mailbox_item *item)
{
	size_t length, opened_length;
	g_autofree unsigned char *sealed = result_bytes(result, 0, 10, &length);
	g_autofree unsigned char *opened = seal_open_bytes(
		sealed, length, &item->content.key, item->content.parcel.text, &opened_length);
	g_autofree char *text = opened == NULL ? NULL : g_strndup((char *)opened, opened_length);

	item->layout = text == NULL ? NULL : layout_parse(text);
	return item->layout != NULL;
}

/* Only the reader may open the session's messages, so not before the second factor. */
static bool
may_read(const struct session *session)
{
	return session->state == SESSION_GUEST || session->state == SESSION_MEMBER;
}

static bool
find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r, bool *found_r,
     struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(mailbox->database, fault);
	g_autoptr(PGresult) result = NULL;

	if (connection == NULL || !find_item(connection, mailbox->session, id, &result,
					     &item_r->content.key, found_r, fault))
		return false;
	if (!*found_r)
		return true;
	item_r->content.database = mailbox->database;
	read_item(result, item_r);
	read_layout(result, item_r);
	return true;
}

bool
mailbox_find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r,
	     bool *found_r, struct fault *fault)
{
	struct identifier parsed;

	*item_r = (struct mailbox_item){0};
	*found_r = false;
	return !identifier_parse(&parsed, id) || !may_read(mailbox->session) ||
	       find(mailbox, parsed.text, item_r, found_r, fault);
}

bool
mailbox_is_received(const struct mailbox_item *item)
{
	return item->copy != NULL && (!item->has_folder || item->folder == FOLDER_INBOX);
}

static bool
tell_sender(struct connection *connection, const struct settings *settings,
	    const struct mailbox_item *item, const char *what, struct fault *fault)
{
	const struct receipt receipt = {.message = item->message,
					.parcel = item->content.parcel.text,
					.sender = item->sender,
					.recipient = item->recipient,
					.what = what,
					.form = item->receipt};

	return item->message == NULL || receipt_note(connection, settings, &receipt, fault);
}

/* --- what is given to the reader is on record --- */

/* "attachment 2", "attachment 2.1": people count from 1. */
static char *
attachment_shown(const char *path)
{
	g_auto(GStrv) numbers = g_strsplit(path, ".", -1);
	GString *shown = g_string_new("attachment ");

	for (char **number = numbers; *number != NULL; number++)
		g_string_append_printf(shown, "%s%" G_GUINT64_FORMAT, number == numbers ? "" : ".",
				       g_ascii_strtoull(*number, NULL, 10) + 1);
	return g_string_free(shown, FALSE);
}

static bool
is_of_attachment(const struct mailbox_use *use)
{
	return use->part == MAILBOX_ATTACHMENT || use->part == MAILBOX_PREVIEW;
}

/* Without the names of files, which are sealed. Caller frees. */
static char *
part_shown(const struct mailbox_use *use)
{
	static const char *const parts[] = {[MAILBOX_TEXT] = "text",
					    [MAILBOX_ORIGINAL] = "original",
					    [MAILBOX_ALL_ATTACHMENTS] = "all attachments"};

	if (is_of_attachment(use))
		return attachment_shown(use->attachment);
	if (use->part == MAILBOX_ADDED_FILE)
		return g_strdup_printf("added file %u", use->number);
	if (use->part == MAILBOX_BESIDE)
		return g_strdup_printf("large file %u", use->number);
	return g_strdup(parts[use->part]);
}

/* A draft is not a message yet. */
static bool
add_reading(const struct mailbox *mailbox, struct connection *connection,
	    const struct mailbox_item *item, const struct mailbox_use *use, struct fault *fault)
{
	const struct session *session = mailbox->session;
	g_autofree char *part = part_shown(use);
	const struct audit_reading reading = {
		.message = item->message,
		.copy = item->copy,
		.is_download = use->part != MAILBOX_TEXT && use->part != MAILBOX_PREVIEW,
		.part = part,
		.network = mailbox->network,
		.reader = session->state == SESSION_MEMBER ? session->account.address : NULL};

	return item->message == NULL || audit_add_reading(connection, &reading, fault);
}

static bool
record_reading(const struct mailbox *mailbox, const struct mailbox_item *item,
	       const struct mailbox_use *use, struct fault *fault)
{
	g_autoptr(connection_auto) connection = NULL;

	if (item->message == NULL)
		return true;
	connection = database_take(mailbox->database, fault);
	return connection != NULL && batch_begin(connection, fault) &&
	       (item->is_shown_as_read || !item->has_folder ||
		mailbox_mark(connection, mailbox->session, item->id.text, true, fault)) &&
	       add_reading(mailbox, connection, item, use, fault) &&
	       batch_commit(connection, fault);
}

/* If two requests read a message at the same time, the second one's batch fails, and the opening is
 * recorded once. */
static bool
record_opening(const struct mailbox *mailbox, const struct mailbox_item *item,
	       const struct mailbox_use *use, bool *found_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(mailbox->database, fault);
	struct parameters parameters = {0};

	if (connection == NULL)
		return false;
	parameters_text(&parameters, item->id.text);
	if (batch_begin(connection, fault) &&
	    batch_add(connection, &mark_read, &parameters, fault) &&
	    audit_move_parked(connection, item->copy, COPY_OPENED, "its recipient read it",
			      fault) &&
	    add_reading(mailbox, connection, item, use, fault) &&
	    tell_sender(connection, mailbox->settings, item, "opened", fault) &&
	    batch_commit(connection, fault))
		return true;
	*found_r = strcmp(connection_sqlstate(connection), gone_meanwhile) != 0;
	if (!*found_r)
		return true;
	return strcmp(connection_sqlstate(connection), read_already) == 0 &&
	       record_reading(mailbox, item, use, fault);
}

bool
mailbox_open(const struct mailbox *mailbox, const char *id, const struct mailbox_use *use,
	     struct mailbox_item *item_r, bool *found_r, struct fault *fault)
{
	if (!mailbox_find(mailbox, id, item_r, found_r, fault))
		return false;
	if (!*found_r)
		return true;
	if (item_r->layout == NULL && !use->without_layout &&
	    !make_layout(mailbox, use, item_r, fault))
		return false;
	if (is_of_attachment(use) && layout_attachment(item_r->layout, use->attachment) == NULL)
		*found_r = false;
	if (!*found_r)
		return true;
	return item_r->is_read || !mailbox_is_received(item_r)
		       ? record_reading(mailbox, item_r, use, fault)
		       : record_opening(mailbox, item_r, use, found_r, fault);
}

bool
mailbox_mark(struct connection *connection, const struct session *session, const char *id,
	     bool is_read, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, id);
	parameters_text(&parameters, session->account.id.text);
	parameters_flag(&parameters, is_read);
	return batch_add(connection, &mark, &parameters, fault);
}

/* --- one's own --- */

bool
mailbox_put(struct parcel_writer *parcel, const struct account *account,
	    const struct account_keys *keys, const struct mailbox_own *own, struct fault *fault)
{
	struct parameters parameters = {0};
	unsigned char wrapped[SEAL_WRAPPED_BYTES], boxed[SEAL_BOXED_BYTES];

	if (keys != NULL)
		seal_wrap(wrapped, &parcel->content, &keys->mailbox, own->id.text);
	else if (!seal_box(boxed, &parcel->content, &account->public_key, fault))
		return false;
	parameters_text(&parameters, own->id.text);
	parameters_text(&parameters, parcel->id.text);
	parameters_text(&parameters, account->id.text);
	parameters_bytes(&parameters, keys == NULL ? NULL : wrapped, sizeof wrapped);
	parameters_bytes(&parameters, keys == NULL ? boxed : NULL, sizeof boxed);
	parameters_text(&parameters, folder_name(own->folder));
	parameters_text(&parameters, own->answers);
	parameters_text(&parameters, own->reply_kind);
	parameters_text(&parameters, own->draft);
	parameters_number(&parameters, (int64_t)own->lifetime);
	return batch_add(parcel->connection, &put_own, &parameters, fault);
}

bool
mailbox_need_room(struct connection *connection, const struct account *account,
		  const struct settings *settings, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, account->id.text);
	parameters_number(&parameters, (int64_t)settings->portal_quota);
	parameters_number(&parameters, (int64_t)settings->portal_drafts);
	return batch_add(connection, &need_room, &parameters, fault);
}

/* Raised by 075_mailbox_room_lock.sql. */
bool
mailbox_is_full(const struct connection *connection)
{
	return strcmp(connection_sqlstate(connection), "PS003") == 0;
}

bool
mailbox_replace_draft(struct connection *connection, const struct account *account,
		      const char *draft, const char *version, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, account->id.text);
	parameters_text(&parameters, draft);
	parameters_text(&parameters, version);
	return batch_add(connection, &replace_draft, &parameters, fault);
}

/* Raised by 290_drafts.sql; or two first versions were saved at the same moment (its index). */
bool
mailbox_is_changed(const struct connection *connection)
{
	const char *state = connection_sqlstate(connection);

	return strcmp(state, "PS290") == 0 || strcmp(state, "23505") == 0;
}

bool
mailbox_draft_version(struct connection *connection, const struct session *session,
		      const char *draft, struct identifier *version_r, bool *found_r,
		      struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, draft);
	if (!connection_execute(connection, &draft_version, &parameters, &result, fault))
		return false;
	*found_r = PQntuples(result) == 1 && identifier_parse(version_r, PQgetvalue(result, 0, 0));
	return true;
}

/* A message that was never opened stops waiting, and its sender is told. */
static bool
record_deletion(struct connection *connection, const struct settings *settings,
		const struct mailbox_item *item, struct fault *fault)
{
	if (item->is_read)
		return audit_event(connection, item->message, item->copy, "deleted",
				   "by its recipient", fault) &&
		       tell_sender(connection, settings, item, "deleted", fault);
	return audit_move_parked(connection, item->copy, COPY_DELETED,
				 "by its recipient, without having opened it", fault) &&
	       tell_sender(connection, settings, item, "deleted unopened", fault);
}

static bool
delete_item(struct connection *connection, const struct settings *settings,
	    const struct mailbox_item *item, struct fault *fault)
{
	struct parameters key = {0};

	parameters_text(&key, item->id.text);
	parameters_flag(&key, item->is_read);
	return batch_begin(connection, fault) && batch_add(connection, &delete_key, &key, fault) &&
	       (!mailbox_is_received(item) || record_deletion(connection, settings, item, fault)) &&
	       batch_commit(connection, fault);
}

bool
mailbox_delete(struct connection *connection, const struct settings *settings,
	       struct mailbox_item *item, struct fault *fault)
{
	bool done = delete_item(connection, settings, item, fault);

	/* It was opened or deleted a moment ago from another window. */
	if (!done && strcmp(connection_sqlstate(connection), read_already) == 0) {
		item->is_read = true;
		done = delete_item(connection, settings, item, fault);
	}
	return done || strcmp(connection_sqlstate(connection), gone_meanwhile) == 0;
}

/* --- mailboxes come and go --- */

static void
sender_free(void *data)
{
	struct mailbox_sender *sender = data;

	if (sender == NULL)
		return;
	g_free(sender->shown);
	g_free(sender->address);
	g_free(sender->code_made_at);
	g_free(sender->message);
	g_free(sender);
}

GPtrArray *
mailbox_senders(struct connection *connection, const char *address, const GPtrArray *opened,
		struct fault *fault)
{
	g_autoptr(GPtrArray) senders = g_ptr_array_new_with_free_func(sender_free);

	for (guint i = 0; i < opened->len; i++) {
		const struct session_opened *one = g_ptr_array_index(opened, i);
		struct parameters parameters = {0};
		g_autoptr(PGresult) result = NULL;
		struct mailbox_sender *sender = NULL;

		parameters_text(&parameters, one->parcel_key.text);
		if (!connection_execute(connection, &sender_of_key, &parameters, &result, fault))
			return NULL;
		if (PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 1), address) == 0) {
			sender = g_new(struct mailbox_sender, 1);
			sender->shown = g_strdup(PQgetvalue(result, 0, 0));
			sender->address = address_fold(PQgetvalue(result, 0, 0));
			sender->code_made_at = g_strdup(PQgetvalue(result, 0, 2));
			sender->message = g_strdup(PQgetvalue(result, 0, 3));
			sender->has_handed_over = result_flag(result, 0, 4);
		}
		g_ptr_array_add(senders, sender);
	}
	return g_steal_pointer(&senders);
}

/* Whoever handed over the code vouches for the account, and is told so. */
static bool
begin_trust(struct connection *connection, const struct mailbox_adoption *adoption,
	    const struct mailbox_sender *sender, struct fault *fault)
{
	char fingerprint[ACCOUNT_FINGERPRINT_CHARACTERS + 1];
	g_autofree char *evidence = g_strconcat("message ", sender->message, NULL);
	const struct attestation attestation = {.kind = "account",
						.subject = fingerprint,
						.address = adoption->account->address,
						.author = sender->address,
						.how = "unlock code",
						.since = sender->code_made_at,
						.evidence = evidence};
	const struct receipt receipt = {.message = sender->message,
					.sender = sender->shown,
					.recipient = adoption->account->shown};

	account_fingerprint(fingerprint, &adoption->account->public_key);
	return trust_attest(connection, &attestation, fault) &&
	       receipt_note_trust(connection, adoption->settings, &receipt, fault);
}

static bool
adopt(struct connection *connection, const struct mailbox_adoption *adoption,
      const struct session_opened *one, const struct mailbox_sender *sender, struct fault *fault)
{
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	struct parameters parameters = {0};

	seal_wrap(wrapped, &one->content, &adoption->keys->mailbox, one->parcel_key.text);
	parameters_text(&parameters, one->parcel_key.text);
	parameters_text(&parameters, adoption->account->id.text);
	parameters_bytes(&parameters, wrapped, sizeof wrapped);
	/* In the same order as when an account ends, so that the two cannot deadlock. */
	return (!sender->has_handed_over || begin_trust(connection, adoption, sender, fault)) &&
	       batch_add(connection, &adopt_key, &parameters, fault);
}

bool
mailbox_adopt(struct connection *connection, const struct mailbox_adoption *adoption,
	      struct fault *fault)
{
	for (guint i = 0; i < adoption->opened->len; i++) {
		const struct mailbox_sender *sender = g_ptr_array_index(adoption->senders, i);

		if (sender != NULL && !adopt(connection, adoption,
					     g_ptr_array_index(adoption->opened, i), sender, fault))
			return false;
	}
	return true;
}
