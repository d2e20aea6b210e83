#include "portal/unsaved.h"

#include <jansson.h>
#include <string.h>

#include "core/log.h"
#include "portal/answer.h"

static const struct statement author_key = {
	"unsaved_author", "select public_key from postseal.account where id = $1"};

static const struct statement put_text = {"unsaved_put",
					  "select postseal.unsaved_put($1, $2, $3, $4)"};

static const struct statement list_texts = {
	"unsaved_list", "select form, boxed, sealed from postseal.unsaved where account = $1 and "
			"expires_at > now()"};

static const struct statement drop_text = {"unsaved_drop", "select postseal.unsaved_drop($1, $2)"};

/* --- keeping --- */

/* Caller frees; wipe it. */
static char *
print_text(const struct request *request, const struct written *written)
{
	const struct writing_form *form = &written->form;
	g_autoptr(json_t) kept = json_array();
	g_autoptr(json_t) json = NULL;

	for (guint i = 0; i < written->kept->len; i++)
		json_array_append_new(kept, json_integer(g_array_index(written->kept, guint, i)));
	json = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:O}", "proof",
			 request_field(request, "proof"), "to", form->to, "subject", form->subject,
			 "text", form->text, "reply_kind", form->reply_kind, "parent",
			 form->parent_id, "draft", form->draft_id, "kept", kept);
	return json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
}

static bool
put(struct request *request, const char *author, const struct written *written,
    const struct seal_key *public_key, bool *kept_r, struct fault *fault)
{
	g_autofree char *text = print_text(request, written);
	g_autofree unsigned char *sealed = NULL;
	g_autoptr(PGresult) result = NULL;
	struct parameters parameters = {0};
	unsigned char boxed[SEAL_BOXED_BYTES];
	struct seal_key key;
	size_t length;
	bool is_boxed;

	if (text == NULL)
		return true;
	randombytes_buf(key.bytes, sizeof key.bytes);
	sealed = seal_bytes(text, strlen(text), &key, written->id.text, &length);
	sodium_memzero(text, strlen(text));
	is_boxed = seal_box(boxed, &key, public_key, fault);
	sodium_memzero(&key, sizeof key);
	parameters_text(&parameters, author);
	parameters_text(&parameters, written->id.text);
	parameters_bytes(&parameters, boxed, sizeof boxed);
	parameters_bytes(&parameters, sealed, length);
	if (!is_boxed ||
	    !connection_execute(request->connection, &put_text, &parameters, &result, fault))
		return false;
	*kept_r = result_flag(result, 0, 0);
	return true;
}

bool
unsaved_keep(struct request *request, const struct written *written, bool *kept_r,
	     struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *bytes = NULL;
	struct identifier author;
	struct seal_key public_key;
	size_t length;

	*kept_r = false;
	if (!identifier_parse(&author, request_field(request, "author")))
		return true;
	if (!request_ask(request, &author_key, author.text, &result, fault))
		return false;
	if (PQntuples(result) == 0)
		return true;
	bytes = result_bytes(result, 0, 0, &length);
	if (length != sizeof public_key.bytes)
		return true;
	memcpy(public_key.bytes, bytes, sizeof public_key.bytes);
	return put(request, author.text, written, &public_key, kept_r, fault);
}

bool
unsaved_is_of_another(const struct request *request)
{
	struct identifier author;

	return request->session.state == SESSION_MEMBER &&
	       identifier_parse(&author, request_field(request, "author")) &&
	       strcmp(author.text, request->session.account.id.text) != 0;
}

enum MHD_Result
unsaved_answer_other(struct request *request, unsigned status)
{
	return answer_outcome(
		request, status, "Written in another account",
		"What was written in this window belongs to another account, or it is no longer "
		"kept. If it is yours, please sign in with that account: it is in its drafts for "
		"seven days. Nothing was sent.");
}

/* --- restoring --- */

/* What was kept, if this account wrote it; NULL: it did not, or its keys have changed since. */
static json_t *
open_text(const struct session *session, const PGresult *result, int row)
{
	char proof[SEAL_KEY_CHARACTERS + 1];
	size_t boxed_length, sealed_length, length = 0;
	g_autofree unsigned char *boxed = result_bytes(result, row, 1, &boxed_length);
	g_autofree unsigned char *sealed = result_bytes(result, row, 2, &sealed_length);
	g_autofree unsigned char *opened = NULL;
	g_autoptr(json_t) json = NULL;
	const char *given;
	struct seal_key key;

	if (!seal_unbox(&key, boxed, boxed_length, &session->account.public_key,
			&session->keys.private_key))
		return NULL;
	opened = seal_open_bytes(sealed, sealed_length, &key, PQgetvalue(result, row, 0), &length);
	sodium_memzero(&key, sizeof key);
	json = opened == NULL ? NULL : json_loadb((char *)opened, length, 0, NULL);
	if (opened != NULL)
		sodium_memzero(opened, length);
	given = json_string_value(json_object_get(json, "proof"));
	writing_form_proof(proof, session, PQgetvalue(result, row, 0));
	return given != NULL && strlen(given) == SEAL_KEY_CHARACTERS &&
			       sodium_memcmp(given, proof, SEAL_KEY_CHARACTERS) == 0
		       ? g_steal_pointer(&json)
		       : NULL;
}

static const char *
text_in(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text == NULL ? "" : text;
}

/* As if the form had been sent by its author. */
static void
read_text(const json_t *json, const char *form, struct written *written)
{
	const struct written_fields fields = {.form = form,
					      .to = text_in(json, "to"),
					      .subject = text_in(json, "subject"),
					      .text = text_in(json, "text"),
					      .reply_kind = text_in(json, "reply_kind"),
					      .parent = text_in(json, "parent"),
					      .draft = text_in(json, "draft")};
	json_t *number;
	size_t i;

	written_take(&fields, written);
	json_array_foreach(json_object_get(json, "kept"), i, number)
	{
		guint kept = (guint)json_integer_value(number);

		g_array_append_val(written->kept, kept);
	}
}

/* False: it could not be saved, for want of room or because of `fault`, and stays where it is. */
static bool
save_text(struct request *request, const json_t *json, const char *form, struct identifier *draft_r)
{
	g_auto(written_auto) written = {0};
	struct fault fault = {0};
	enum written_outcome outcome = WRITTEN_FAILED;

	read_text(json, form, &written);
	if (written_open(request, &written, &fault))
		outcome = written_save(request, &written, &fault);
	if (outcome != WRITTEN_DONE && outcome != WRITTEN_BESIDE) {
		log_error("saving what was written when a session was over: %s",
			  outcome == WRITTEN_FAILED ? fault.text : "there is no room");
		return false;
	}
	*draft_r = written.id;
	return true;
}

static bool
drop(struct request *request, const char *form, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, request->session.account.id.text);
	parameters_text(&parameters, form);
	return connection_execute(request->connection, &drop_text, &parameters, NULL, fault);
}

bool
unsaved_restore(struct request *request, const char *form, struct identifier *draft_r,
		bool *found_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	*found_r = false;
	if (!request_ask(request, &list_texts, request->session.account.id.text, &result, fault))
		return false;
	for (int row = 0; row < PQntuples(result); row++) {
		const char *from = PQgetvalue(result, row, 0);
		g_autoptr(json_t) json = open_text(&request->session, result, row);
		struct identifier draft;

		if (json != NULL && !save_text(request, json, from, &draft)) {
			if (!request_connect_again(request, fault))
				return false;
			continue;
		}
		if (json != NULL && strcmp(from, form) == 0) {
			*draft_r = draft;
			*found_r = true;
		}
		if (!drop(request, from, fault))
			return false;
	}
	return true;
}
