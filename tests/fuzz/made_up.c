#include "tests/fuzz/made_up.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#include "core/database.h"
#include "core/seal/content.h"
#include "delivery/parcel/parcel.h"
#include "portal/account.h"
#include "portal/totp.h"
#include "portal/writing_form.h"

enum { COLUMNS = 20, MESSAGE_MAX = 60000, NOW = 1800000000 };

static const char session[] = "01900000-0000-7000-8000-00000000000a";
static const char account[] = "01900000-0000-7000-8000-00000000000b";
static const char passkey[] = "01900000-0000-7000-8000-00000000000c";
static const char message[] = "01900000-0000-7000-8000-00000000000d";
static const char copy[] = "01900000-0000-7000-8000-00000000000e";
static const char parcel[] = "01900000-0000-7000-8000-000000000001";
static const char piece[] = "01900000-0000-7000-8000-000000000001/0"; /* of a large file */
static const char parcel_key[] = "01900000-0000-7000-8000-000000000002";
static const char address[] = "me@b.example", shown[] = "Me@b.example";
static const char sender[] = "anna@example.com";
static const char number_now[] = "1800000000", number_later[] = "1900000000";
static const char credential[] = {1, 2, 3, 4};

/* The P-256 key that signed the seeds with a passkey: both coordinates. */
static const char passkey_hex[] =
	"828267b6167a3b64232bacb5f5e08b91f4fedc18dc2f13521baeac4d3ad28fcfe3869311a37e4b30219ad9da23"
	"eb192a9c9ac27e7dfad7cf5f6c9ab64fd7b9b8";

struct password_lock {
	unsigned char salt[SEAL_SALT_BYTES], wrapped[SEAL_WRAPPED_BYTES];
};

static struct {
	const uint8_t *choices;
	unsigned next;
	struct seal_key cookie, secret, content;
	struct account_keys keys;
	struct password_lock by_password, by_recovery;
	struct parcel_lock lock;
	unsigned char totp[TOTP_SECRET_BYTES];
	GByteArray *text; /* the message */
	unsigned char header[SEALING_HEADER_BYTES];
	GByteArray *chunk; /* sealed */
	unsigned char piece_header[SEALING_HEADER_BYTES];
	GByteArray *piece; /* of a large file: the same and one byte more, sealed */
} made;

static unsigned
choice(unsigned of)
{
	return made.choices[made.next++ % MADE_UP_CHOICES] % of;
}

/* --- chance and time --- */

static uint32_t chance;

static const char *
chance_name(void)
{
	return "none";
}

static uint32_t
chance_number(void)
{
	return ++chance * 2654435761U;
}

static void
chance_bytes(void *bytes, size_t size)
{
	unsigned char *to = bytes;

	while (size-- > 0)
		*to++ = (unsigned char)(chance_number() >> 24);
}

time_t __wrap_time(time_t *now_r);
time_t
__wrap_time(time_t *now_r)
{
	if (now_r != NULL)
		*now_r = NOW;
	return NOW;
}

/* --- values --- */

static void
put_text(PGresult *result, int row, int column, const char *text)
{
	PQsetvalue(result, row, column, (char *)text, text == NULL ? -1 : (int)strlen(text));
}

static void
put_flag(PGresult *result, int row, int column, bool flag)
{
	put_text(result, row, column, flag ? "t" : "f");
}

static void
put_one_of(PGresult *result, int row, int column, const char *const *texts, unsigned count)
{
	put_text(result, row, column, texts[choice(count)]);
}

static void
put_bytes(PGresult *result, int row, int column, const void *bytes, size_t length)
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
put_sealed(PGresult *result, int row, int column, const void *bytes, size_t size,
	   const struct seal_key *key, const char *about)
{
	size_t length;
	g_autofree unsigned char *sealed = seal_bytes(bytes, size, key, about, &length);

	put_bytes(result, row, column, sealed, length);
}

static void
put_anything(PGresult *result, int row, int column)
{
	static const char *const texts[] = {
		"",	 "1",		"t",	"f",	   "9223372036854775807",
		"-1",	 "a@b.example", "\\x",	"\\x00ff", "01900000-0000-7000-8000-00000000000f",
		"inbox", "smime",	"x\ny", "locked",  NULL};

	put_one_of(result, row, column, texts, G_N_ELEMENTS(texts));
}

/* --- rows --- */

static void
put_account(PGresult *result, int column)
{
	unsigned char public_key[SEAL_KEY_BYTES];

	crypto_scalarmult_base(public_key, made.keys.private_key.bytes);
	put_text(result, 0, column, account);
	put_text(result, 0, column + 1, address);
	put_text(result, 0, column + 2, shown);
	put_text(result, 0, column + 3, "de");
	put_bytes(result, 0, column + 4, public_key, sizeof public_key);
	put_flag(result, 0, column + 5, choice(2) == 1);
	put_flag(result, 0, column + 6, choice(2) == 1);
	if (choice(2) == 1)
		put_text(result, 0, column + 7, "Kim Roe");
}

static void
put_session(PGresult *result)
{
	static const char *const states[] = {"member", "member", "guest", "half"};

	put_text(result, 0, 0, session);
	put_one_of(result, 0, 1, states, G_N_ELEMENTS(states));
	put_wrapped(result, 0, 2, &made.secret, &made.cookie, "session");
	put_flag(result, 0, 3, false);
	put_flag(result, 0, 4, true);
	put_account(result, 5);
}

static void
put_account_by_password(PGresult *result)
{
	put_account(result, 0);
	put_bytes(result, 0, ACCOUNT_COLUMN_COUNT, made.by_password.salt,
		  sizeof made.by_password.salt);
	put_bytes(result, 0, ACCOUNT_COLUMN_COUNT + 1, made.by_password.wrapped,
		  sizeof made.by_password.wrapped);
}

static void
put_account_by_recovery(PGresult *result)
{
	put_account(result, 0);
	put_bytes(result, 0, ACCOUNT_COLUMN_COUNT, made.by_recovery.salt,
		  sizeof made.by_recovery.salt);
	put_bytes(result, 0, ACCOUNT_COLUMN_COUNT + 1, made.by_recovery.wrapped,
		  sizeof made.by_recovery.wrapped);
}

static void
put_session_key(PGresult *result)
{
	put_text(result, 0, 0, parcel_key);
	put_wrapped(result, 0, 1, &made.content, &made.cookie, parcel_key);
}

static void
put_locked_key(PGresult *result)
{
	put_text(result, 0, 0, parcel_key);
	put_text(result, 0, 1, parcel);
	put_text(result, 0, 2, copy);
	put_text(result, 0, 3, sender);
	put_text(result, 0, 4, shown);
	put_bytes(result, 0, 5, made.lock.salt, sizeof made.lock.salt);
	put_bytes(result, 0, 6, made.lock.wrapped, sizeof made.lock.wrapped);
	put_text(result, 0, 7, "0");
	put_flag(result, 0, 8, false);
	put_text(result, 0, 9, message);
	put_text(result, 0, 10, choice(2) == 1 ? "mdn" : NULL);
}

static void
put_try(PGresult *result)
{
	static const char *const tries[] = {"1", "2", "5"};

	put_one_of(result, 0, 0, tries, G_N_ELEMENTS(tries));
}

static void
put_throttle(PGresult *result)
{
	put_text(result, 0, 0, choice(16) == 15 ? "99999" : "1");
}

static void
put_noted(PGresult *result)
{
	put_text(result, 0, 0, choice(2) == 0 ? "0" : "1");
}

static void
put_gone(PGresult *result)
{
	static const char *const words[] = {"recalled", "expired", "deleted", "replaced", "lost"};

	put_one_of(result, 0, 0, words, G_N_ELEMENTS(words));
}

static void
put_address(PGresult *result)
{
	put_text(result, 0, 0, address);
	put_text(result, 0, 1, shown);
}

static void
put_sender(PGresult *result)
{
	put_text(result, 0, 0, sender);
	put_text(result, 0, 1, address);
	put_text(result, 0, 2, "2026-11-24 15:04:00+00");
	put_text(result, 0, 3, message);
}

static void
put_totp(PGresult *result)
{
	put_sealed(result, 0, 0, made.totp, sizeof made.totp, &made.keys.factors, account);
}

static void
put_account_id(PGresult *result)
{
	put_text(result, 0, 0, account);
}

static void
put_challenge(PGresult *result)
{
	static const unsigned char challenge[32];

	put_bytes(result, 0, 0, challenge, sizeof challenge);
}

static void
put_credential(PGresult *result)
{
	put_bytes(result, 0, 0, credential, sizeof credential);
}

static void
put_passkey(PGresult *result)
{
	static const char *const algorithms[] = {"-7", "-8", "-257"};
	g_autofree char *key = g_strconcat("\\x", passkey_hex, NULL);

	put_text(result, 0, 0, passkey);
	put_text(result, 0, 1, key);
	put_one_of(result, 0, 2, algorithms, G_N_ELEMENTS(algorithms));
	put_text(result, 0, 3, "0");
}

static void
put_entry(PGresult *result)
{
	static const char summary[] = "{\"subject\":\"S\",\"from\":\"Anna\",\"to\":\"Me\"}";

	put_text(result, 0, 0, parcel_key);
	put_text(result, 0, 1, parcel);
	put_text(result, 0, 2, sender);
	put_text(result, 0, 3, number_now);
	put_text(result, 0, 4, number_later);
	put_flag(result, 0, 5, choice(2) == 1);
	put_wrapped(result, 0, 6, &made.content, &made.keys.mailbox, parcel_key);
	put_text(result, 0, 7, NULL);
	put_sealed(result, 0, 8, summary, strlen(summary), &made.content, parcel);
	put_text(result, 0, 9, "me@b.example parked; x opened");
	put_text(result, 0, 10, choice(2) == 1 ? "inbox" : "drafts");
	put_text(result, 0, 11, choice(2) == 1 ? parcel : NULL);
	put_text(result, 0, 12, choice(2) == 1 ? parcel : NULL);
}

static void
put_own_folder(PGresult *result)
{
	static const char name[] = "Case 7 <b>";

	put_text(result, 0, 0, parcel);
	put_sealed(result, 0, 1, name, strlen(name), &made.keys.index, parcel);
}

static void
put_not_indexed(PGresult *result)
{
	static const char summary[] = "{\"subject\":\"S\",\"from\":\"Anna\",\"files\":[\"f\"]}";

	put_text(result, 0, 0, parcel_key);
	put_text(result, 0, 1, parcel);
	put_wrapped(result, 0, 2, &made.content, &made.keys.mailbox, parcel_key);
	put_text(result, 0, 3, NULL);
	put_text(result, 0, 4, sender);
	put_text(result, 0, 5, number_now);
	put_sealed(result, 0, 6, summary, strlen(summary), &made.content, parcel);
	if (choice(2) == 1)
		put_sealed(result, 0, 7, made.text->data, made.text->len, &made.content, parcel);
	else
		put_text(result, 0, 7, NULL);
}

/* In binary form. Half of the time, the entry is the message. */
static void
put_indexed(PGresult *result)
{
	static const char entry[] = "1800000000\nAnna\nMe\nanna@example.com\nsubject\nname";
	bool is_made = choice(2) == 1;
	size_t length;
	g_autofree unsigned char *sealed =
		is_made ? seal_bytes(made.text->data, made.text->len, &made.keys.index, parcel_key,
				     &length)
			: seal_bytes(entry, strlen(entry), &made.keys.index, parcel_key, &length);

	put_text(result, 0, 0, parcel_key);
	PQsetvalue(result, 0, 1, (char *)sealed, (int)length);
}

static void
put_counts(PGresult *result)
{
	static const char *const counts[] = {"0", "1", "3214"};

	put_one_of(result, 0, 0, counts, G_N_ELEMENTS(counts));
	put_one_of(result, 0, 1, counts, G_N_ELEMENTS(counts));
}

/* Its layout is made from the message; or the message itself is one. */
static void
put_item(PGresult *result)
{
	static const char *const folders[] = {"inbox", "sent", "drafts", NULL};
	static const char *const reply_kinds[] = {NULL, "reply", "forward"};

	put_text(result, 0, 0, parcel_key);
	put_text(result, 0, 1, parcel);
	put_text(result, 0, 2, sender);
	put_text(result, 0, 3, shown);
	put_text(result, 0, 4, copy);
	put_text(result, 0, 5, message);
	put_one_of(result, 0, 6, folders, G_N_ELEMENTS(folders));
	put_flag(result, 0, 7, choice(2) == 1);
	put_text(result, 0, 8, number_now);
	put_text(result, 0, 9, number_later);
	if (choice(8) == 7)
		put_sealed(result, 0, 10, made.text->data, made.text->len, &made.content, parcel);
	else
		put_text(result, 0, 10, NULL);
	put_text(result, 0, 11, choice(2) == 1 ? "mdn" : NULL);
	put_wrapped(result, 0, 12, &made.content, &made.keys.mailbox, parcel_key);
	put_text(result, 0, 13, NULL);
	put_text(result, 0, 14, NULL);
	put_one_of(result, 0, 15, reply_kinds, G_N_ELEMENTS(reply_kinds));
	put_flag(result, 0, 16, choice(2) == 1);
	put_wrapped(result, 0, 17, &made.content, &made.cookie, parcel_key);
	put_text(result, 0, 18, choice(2) == 1 ? parcel_key : NULL);
}

static void
put_header(PGresult *result)
{
	put_bytes(result, 0, 0, made.header, sizeof made.header);
}

static void
put_chunk(PGresult *result)
{
	PQsetvalue(result, 0, 0, (char *)made.chunk->data, (int)made.chunk->len);
}

static void
put_wishes(PGresult *result)
{
	static const char *const wishes[] = {NULL, "pickup", "smime", "pgp", "tls"};

	put_one_of(result, 0, 0, wishes, G_N_ELEMENTS(wishes));
	put_text(result, 0, 1, choice(2) == 1 ? "daily" : "each");
}

static void
put_given_key(PGresult *result)
{
	put_text(result, 0, 0, choice(2) == 1 ? "pgp" : "smime");
	put_text(result, 0, 1, "00ff");
}

static void
put_own_session(PGresult *result)
{
	put_text(result, 0, 0, session);
	put_text(result, 0, 1, "a <browser>");
	put_text(result, 0, 2, "192.0.2.0");
	put_text(result, 0, 3, number_now);
}

static void
put_own_passkey(PGresult *result)
{
	put_text(result, 0, 0, passkey);
	put_text(result, 0, 1, "<key>");
}

static void
put_application_password(PGresult *result)
{
	put_text(result, 0, 0, passkey);
	put_text(result, 0, 1, "<program>");
	put_text(result, 0, 2, number_now);
	put_text(result, 0, 3, choice(2) == 1 ? number_now : "0");
	put_text(result, 0, 4, choice(2) == 1 ? "192.0.2.0/24" : NULL);
}

static void
put_sender_page(PGresult *result)
{
	put_text(result, 0, 0, message);
	put_text(result, 0, 1, sender);
	put_text(result, 0, 2, number_now);
}

static void
put_tracked_copy(PGresult *result)
{
	static const char *const states[] = {"parked",	"opened",   "locked",
					     "expired", "recalled", "deleted"};

	put_text(result, 0, 0, copy);
	put_text(result, 0, 1, shown);
	put_one_of(result, 0, 2, states, G_N_ELEMENTS(states));
	put_text(result, 0, 3, number_now);
	put_text(result, 0, 4, choice(2) == 1 ? NULL : parcel_key);
	for (int column = 5; column < 8; column++)
		put_flag(result, 0, column, choice(2) == 0);
	put_text(result, 0, 8, address);
	put_text(result, 0, 9, choice(2) == 0 ? NULL : "\\x00ff");
}

static void
put_sender_file(PGresult *result)
{
	put_text(result, 0, 0, parcel); /* the large file's as well */
	put_text(result, 0, 1, "1");
	put_text(result, 0, 2, "100000");
	put_text(result, 0, 3, number_now);
	put_flag(result, 0, 4, choice(2) == 0);
	put_text(result, 0, 5, choice(2) == 0 ? NULL : "\\x00ff");
}

static void
put_parcel_for_files(PGresult *result)
{
	struct seal_key public_key;

	parcel_public_key(&public_key, &made.content);
	put_text(result, 0, 0, parcel);
	put_bytes(result, 0, 1, public_key.bytes, choice(4) == 3 ? 5 : sizeof public_key.bytes);
}

static void
put_no(PGresult *result)
{
	put_flag(result, 0, 0, false);
}

static void
put_added_file(PGresult *result)
{
	put_text(result, 0, 0, parcel); /* the large file's as well */
	put_text(result, 0, 1, "1");
	put_text(result, 0, 2, number_now);
}

static void
put_trust_link(PGresult *result)
{
	put_text(result, 0, 0, sender);
	put_text(result, 0, 1, address);
	put_text(result, 0, 2, choice(2) == 0 ? NULL : number_now);
}

static void
put_approval_link(PGresult *result)
{
	static const char *const decisions[] = {"released", "refused", "recalled", "expired"};

	put_text(result, 0, 0, address);
	put_flag(result, 0, 1, choice(2) == 0);
	put_text(result, 0, 2, sender);
	put_text(result, 0, 3, shown);
	put_text(result, 0, 4, "officers");
	put_text(result, 0, 5, number_now);
	put_text(result, 0, 6, number_now);
	if (choice(2) == 0)
		put_text(result, 0, 7, NULL);
	else
		put_one_of(result, 0, 7, decisions, G_N_ELEMENTS(decisions));
	put_text(result, 0, 8, number_now);
	put_text(result, 0, 9, choice(2) == 0 ? NULL : sender);
	put_text(result, 0, 10, choice(2) == 0 ? NULL : shown);
	put_text(result, 0, 11, choice(2) == 0 ? "[\"a@b.example\", \"c@d.example\"]" : "[1, {}]");
}

static void
put_statement(PGresult *result)
{
	static const char *const kinds[] = {"account", "smime", "pgp"};
	static const char *const hows[] = {"unlock code", "administrator", "wkd", "signed mail",
					   "servers"};

	put_text(result, 0, 0, copy);
	put_one_of(result, 0, 1, kinds, G_N_ELEMENTS(kinds));
	put_text(result, 0, 2, "<key>");
	put_text(result, 0, 3, sender);
	put_one_of(result, 0, 4, hows, G_N_ELEMENTS(hows));
	put_text(result, 0, 5, number_now);
}

static void
put_taken(PGresult *result)
{
	put_flag(result, 0, 0, choice(2) == 0);
}

static void
put_draft_version(PGresult *result)
{
	put_text(result, 0, 0, parcel_key);
}

static void
put_public_key(PGresult *result)
{
	unsigned char public_key[SEAL_KEY_BYTES];

	crypto_scalarmult_base(public_key, made.keys.private_key.bytes);
	put_bytes(result, 0, 0, public_key, choice(2) == 1 ? sizeof public_key : 5);
}

/* Its proof is right, so that the text is saved; or it is the message that is fuzzed. */
static void
put_unsaved(PGresult *result)
{
	const struct session member = {.keys = made.keys};
	char proof[SEAL_KEY_CHARACTERS + 1];
	g_autofree char *text = NULL;
	struct seal_key public_key;
	unsigned char boxed[SEAL_BOXED_BYTES];
	struct fault fault;

	crypto_scalarmult_base(public_key.bytes, made.keys.private_key.bytes);
	seal_box(boxed, &made.content, &public_key, &fault);
	writing_form_proof(proof, &member, parcel_key);
	text = choice(4) == 3
		       ? g_strndup((const char *)made.text->data, made.text->len)
		       : g_strdup_printf("{\"proof\":\"%s\",\"to\":\"x@b.example\",\"kept\":[0,7]}",
					 proof);
	put_text(result, 0, 0, parcel_key);
	put_bytes(result, 0, 1, boxed, sizeof boxed);
	put_sealed(result, 0, 2, text, strlen(text), &made.content, parcel_key);
}

/* A large file of a draft, of as many bytes as the message has; in half of the cases, it is not
 * whole. `about` stands under it. */
static void
put_file_columns(PGresult *result, bool is_whole)
{
	g_autofree char *about = g_strdup_printf(
		"{\"name\":\"<file>.pdf\",\"type\":\"application/pdf\",\"size\":%u}",
		made.text->len + 1);
	g_autofree char *size = g_strdup_printf("%u", made.text->len + 1);

	put_text(result, 0, 0, parcel);
	put_sealed(result, 0, 1, about, strlen(about), &made.content, parcel);
	put_text(result, 0, 2, size);
	put_text(result, 0, 3, is_whole ? size : "0");
	put_flag(result, 0, 4, choice(2) == 0);
}

static void
put_large_file(PGresult *result)
{
	put_file_columns(result, choice(2) == 0);
	put_wrapped(result, 0, 5, &made.content, &made.keys.mailbox, parcel);
}

static void
put_file_beside(PGresult *result)
{
	struct seal_key public_key;
	unsigned char boxed[SEAL_BOXED_BYTES];
	struct fault fault;

	put_file_columns(result, true);
	parcel_public_key(&public_key, &made.content);
	if (!seal_box(boxed, &made.content, &public_key, &fault))
		abort();
	put_bytes(result, 0, 5, boxed, sizeof boxed);
}

/* Its secret is the cookie's. */
static void
put_file_link(PGresult *result)
{
	struct seal_key wrapping;

	put_file_columns(result, true);
	seal_key_digest(wrapping.bytes, &made.cookie, "postseal large file key");
	put_wrapped(result, 0, 5, &made.content, &wrapping, parcel);
	put_text(result, 0, 6, message);
	put_text(result, 0, 7, address);
	put_text(result, 0, 8, number_later);
}

static void
put_refusal(PGresult *result)
{
	static const char *const words[] = {NULL,   NULL,     NULL,	"large",
					    "full", "offset", "length", "gone"};

	put_one_of(result, 0, 0, words, G_N_ELEMENTS(words));
}

static void
put_piece_header(PGresult *result)
{
	PQsetvalue(result, 0, 0, (char *)made.piece_header, sizeof made.piece_header);
}

static void
put_piece_chunk(PGresult *result)
{
	PQsetvalue(result, 0, 0, (char *)made.piece->data, (int)made.piece->len);
}

static const struct made_up_row {
	const char *statement;
	void (*put)(PGresult *result);
	bool is_certain; /* always has a row */
} rows[] = {
	{"session_by_cookie", put_session, false},
	{"session_keys", put_session_key, false},
	{"account_by_address", put_account_by_password, false},
	{"account_to_recover", put_account_by_recovery, false},
	{"parcel_by_link", put_locked_key, false},
	{"opening_try", put_try, false},
	{"throttle_take", put_throttle, true},
	{"parcel_key_gone", put_gone, false},
	{"parcel_link_gone", put_gone, false},
	{"throttle_is_noted", put_noted, true},
	{"proof_find", put_address, false},
	{"guest_address", put_address, false},
	{"totp_get", put_totp, false},
	{"totp_use", put_account_id, false},
	{"challenge_take", put_challenge, false},
	{"passkey_list", put_credential, false},
	{"passkey_get", put_passkey, false},
	{"folder_older", put_entry, false},
	{"folder_newer", put_entry, false},
	{"folder_these", put_entry, false},
	{"search_index_missing", put_not_indexed, false},
	{"search_index_all", put_indexed, false},
	{"folder_count", put_counts, true},
	{"folder_own_older", put_entry, false},
	{"folder_own_newer", put_entry, false},
	{"folder_own_count", put_counts, true},
	{"own_folders", put_own_folder, false},
	{"own_folder_put", put_account_id, false},
	{"mailbox_item", put_item, false},
	{"mailbox_guest_item", put_item, false},
	{"mailbox_sender", put_sender, false},
	{"mailbox_draft_version", put_draft_version, false},
	{"unsaved_author", put_public_key, false},
	{"unsaved_put", put_taken, true},
	{"unsaved_list", put_unsaved, false},
	{"content_header", put_header, false},
	{"content_chunks", put_chunk, false},
	{"wishes_get", put_wishes, false},
	{"given_keys", put_given_key, false},
	{"member_sessions", put_own_session, false},
	{"member_passkeys", put_own_passkey, false},
	{"application_passwords", put_application_password, false},
	{"track_find", put_sender_page, false},
	{"track_copies", put_tracked_copy, false},
	{"sender_file_is_open", put_taken, true},
	{"sender_file_list", put_sender_file, false},
	{"sender_file_parcels", put_parcel_for_files, false},
	{"sender_file_remove", put_taken, true},
	{"sender_file_is", put_no, true},
	{"added_files", put_added_file, false},
	{"trust_link_find", put_trust_link, false},
	{"approval_link_find", put_approval_link, false},
	{"member_vouched", put_statement, false},
	{"member_vouched_one", put_statement, false},
	{"account_key_upload", put_taken, true},
	{"large_file_cut_off", put_large_file, false},
	{"large_file_find", put_large_file, false},
	{"large_file_list", put_large_file, false},
	{"large_file_of_parcel", put_file_beside, false},
	{"large_link_find", put_file_link, false},
	{"large_file_announce", put_refusal, true},
	{"large_file_take", put_refusal, true},
	{"large_link_read", put_taken, true},
	{"large_file_header", put_piece_header, false},
	{"large_file_chunks", put_piece_chunk, false},
};

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
answer(const struct statement *statement)
{
	PGresult *result = new_result(statement->binary);
	unsigned count;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].statement, statement->name) != 0)
			continue;
		if (choice(8) != 7 || rows[i].is_certain)
			rows[i].put(result);
		return result;
	}
	count = choice(4);
	for (unsigned row = 0; row < count; row++)
		for (int column = 0; column < COLUMNS; column++)
			put_anything(result, (int)row, column);
	return result;
}

/* --- in the place of core/database.c --- */

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
bool __wrap_transaction_begin(struct connection *connection, struct fault *fault);
bool __wrap_transaction_commit(struct connection *connection, struct fault *fault);
bool __wrap_batch_end_transaction(struct connection *connection, struct fault *fault);
const char *__wrap_connection_sqlstate(const struct connection *connection);

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
	if (choice(256) == 255)
		return fault_set(fault, FAULT_DATABASE, "made up");
	if (result_r != NULL)
		*result_r = answer(statement);
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
	return choice(256) != 255 || fault_set(fault, FAULT_DATABASE, "made up");
}

bool
__wrap_transaction_begin(struct connection *connection, struct fault *fault)
{
	return __wrap_batch_begin(connection, fault);
}

bool
__wrap_transaction_commit(struct connection *connection, struct fault *fault)
{
	return __wrap_batch_commit(connection, fault);
}

bool
__wrap_batch_end_transaction(struct connection *connection, struct fault *fault)
{
	return __wrap_batch_begin(connection, fault);
}

const char *
__wrap_connection_sqlstate(const struct connection *connection)
{
	static const char *const states[] = {"",      "PS001", "PS002", "PS003",
					     "PS290", "PS352", "23503", "23505"};

	(void)connection;
	return states[choice(G_N_ELEMENTS(states))];
}

/* --- beginning --- */

static void
lock_secret(struct password_lock *lock_r, const char *password)
{
	struct seal_key wrapping;
	struct fault fault;

	if (!seal_derive_password(&wrapping, password, lock_r->salt, &fault))
		abort();
	seal_wrap(lock_r->wrapped, &made.secret, &wrapping, address);
}

void
made_up_start(struct seal_key *courier_r)
{
	static randombytes_implementation none = {
		.implementation_name = chance_name, .random = chance_number, .buf = chance_bytes};
	struct parcel_access access;
	struct fault fault;

	randombytes_set_implementation(&none);
	if (sodium_init() < 0)
		abort();
	seal_key_read(&made.cookie, MADE_UP_COOKIE);
	memset(made.secret.bytes, 1, SEAL_KEY_BYTES);
	memset(made.content.bytes, 2, SEAL_KEY_BYTES);
	memset(made.totp, 3, sizeof made.totp);
	account_keys_make(&made.keys, &made.secret);
	lock_secret(&made.by_password, MADE_UP_PASSWORD);
	lock_secret(&made.by_recovery, MADE_UP_RECOVERY);
	chance = 0;
	if (!parcel_make_access(parcel_key, &made.content, &access, &made.lock, &fault) ||
	    strcmp(access.link, MADE_UP_LINK) != 0 || strcmp(access.code.shown, MADE_UP_CODE) != 0)
		abort(); /* the seeds contain others */
	crypto_scalarmult_base(courier_r->bytes, made.secret.bytes);
	made.chunk = g_byte_array_new();
	made.piece = g_byte_array_new();
	made.text = g_byte_array_new();
}

static bool
store(void *context, unsigned number, const void *sealed, size_t length, struct fault *fault)
{
	(void)number;
	(void)fault;
	g_byte_array_append(context, sealed, (guint)length);
	return true;
}

void
made_up_choose(const uint8_t choices[MADE_UP_CHOICES], const uint8_t *text, size_t size)
{
	struct sealing_sink sealing;
	struct fault fault;

	made.choices = choices;
	made.next = 0;
	chance = 0;
	g_byte_array_set_size(made.text, 0);
	g_byte_array_append(made.text, text, (guint)MIN(size, (size_t)MESSAGE_MAX));
	g_byte_array_set_size(made.chunk, 0);
	sealing_sink_init(&sealing, &made.content, parcel, made.header, store, made.chunk);
	sink_write(&sealing.sink, made.text->data, made.text->len, &fault);
	sink_finish(&sealing.sink, &fault);
	sealing_sink_clear(&sealing);
	g_byte_array_set_size(made.piece, 0);
	sealing_sink_init(&sealing, &made.content, piece, made.piece_header, store, made.piece);
	sink_write(&sealing.sink, made.text->data, made.text->len, &fault);
	sink_write(&sealing.sink, "", 1, &fault);
	sink_finish(&sealing.sink, &fault);
	sealing_sink_clear(&sealing);
}
