#include "milter/verdict.h"

#include <string.h>

#include "core/crash.h"
#include "core/log.h"

enum { PIECE_BYTES = 65535, REPLY_MAX = 900 };

static const char for_now[] =
	"This message cannot be secured at the moment. It was not sent; it will be tried again.";
static const char too_many[] =
	"Too many messages are waiting to be secured. This one was not sent; it will be tried again.";

/* --- refusing --- */

/* A reply is one line of ASCII; libmilter requires percent signs to be doubled. */
static char *
reply_text(const char *text)
{
	g_autofree char *ascii = g_str_to_ascii(text, "C");
	GString *line = g_string_new(NULL);

	for (const char *c = ascii; *c != '\0' && line->len < REPLY_MAX; c++) {
		if (*c == '%')
			g_string_append(line, "%%");
		else
			g_string_append_c(line, g_ascii_isprint(*c) ? *c : ' ');
	}
	return g_string_free(line, FALSE);
}

/* What is wrong here for a time is of no use to who sends, and nobody else's business. */
static const char *
said_of(const struct fault *fault)
{
	if (!fault_is_temporary(fault) || fault->cause == FAULT_TOO_OFTEN)
		return fault->text;
	return fault->cause == FAULT_OVERLOAD ? too_many : for_now;
}

sfsistat
verdict_refuse(SMFICTX *context, const struct fault *fault)
{
	struct fault_reply reply = fault_reply(fault->cause);
	bool temporary = fault_is_temporary(fault);
	g_autofree char *text = reply_text(said_of(fault));

	if (smfi_setreply(context, (char *)reply.code, (char *)reply.enhanced, text) != MI_SUCCESS)
		log_warning("setting the reply to the MTA failed: “%s”", text);
	return temporary ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

/* --- changing --- */

/* The field's position among the fields of the same name, counted from 1. */
static int
place_by_name(const struct message *message, guint field)
{
	const struct field *self = g_ptr_array_index(message->fields, field);
	int place = 1;

	for (guint i = 0; i < field; i++) {
		const struct field *other = g_ptr_array_index(message->fields, i);

		place += g_ascii_strcasecmp(self->name, other->name) == 0;
	}
	return place;
}

/* From the last to the first: whether or not a deletion shifts the positions after it, those before
 * it stay the same. */
static bool
change_header(SMFICTX *context, const struct variant *variant, const struct message *message)
{
	for (guint i = variant->edits->len; i-- > 0;) {
		const struct field_edit *edit = g_ptr_array_index(variant->edits, i);
		const struct field *field = g_ptr_array_index(message->fields, edit->field);

		if (smfi_chgheader(context, field->name, place_by_name(message, edit->field),
				   edit->value) != MI_SUCCESS)
			return false;
	}
	for (guint i = 0; i < variant->added->len; i++) {
		const struct field *field = g_ptr_array_index(variant->added, i);

		if (smfi_addheader(context, field->name, field->value) != MI_SUCCESS)
			return false;
	}
	for (guint i = variant->first->len; i-- > 0;) {
		const struct field *field = g_ptr_array_index(variant->first, i);

		if (smfi_insheader(context, 0, field->name, field->value) != MI_SUCCESS)
			return false;
	}
	return true;
}

struct body_sink {
	struct sink sink;
	SMFICTX *context;
};

static bool
replace_body(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct body_sink *body = (struct body_sink *)sink;
	const unsigned char *at = data;

	while (length > 0) {
		size_t piece = MIN(length, (size_t)PIECE_BYTES);

		if (smfi_replacebody(body->context, (unsigned char *)at, (int)piece) != MI_SUCCESS)
			return fault_set(fault, FAULT_PEER, "replacing the body: the MTA is gone");
		at += piece;
		length -= piece;
	}
	return true;
}

/* Without a piece of a new body, the MTA keeps the old one. */
static bool
is_emptied(SMFICTX *context, const struct spool *body)
{
	unsigned char nothing = 0;

	return spool_size(body) == 0 && smfi_replacebody(context, &nothing, 0) == MI_SUCCESS;
}

/* --- whom the MTA has it for --- */

/* The copies of the in-place variant, by the keys of their recipients. */
static GHashTable *
chosen_in(const struct group *group)
{
	GHashTable *chosen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < group->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(group->copies, i);

		g_hash_table_insert(chosen, copy->recipient->folded, (gpointer)copy);
	}
	return chosen;
}

/* The MTA deletes every recipient with this name, so the one to keep is added again. That is also
 * how it learns who reports what becomes of it. */
static bool
keep_one(SMFICTX *context, const struct copy *copy)
{
	const struct recipient *recipient = copy->recipient;
	const char *notify = copy->is_reported_by_us ? "NEVER" : recipient->notify;
	g_autoptr(GString) parameters = g_string_new(NULL);

	if (notify != NULL)
		g_string_append_printf(parameters, "NOTIFY=%s ", notify);
	if (recipient->orcpt != NULL)
		g_string_append_printf(parameters, "ORCPT=%s", recipient->orcpt);
	return smfi_delrcpt(context, recipient->path) == MI_SUCCESS &&
	       smfi_addrcpt_par(context, recipient->path,
				parameters->len == 0 ? NULL : parameters->str) == MI_SUCCESS;
}

/* A mailbox may be given twice: in another case, in quotes, with other parameters. It gets the one
 * copy that is on record. The MTA treats recipients with the same text as the same. */
static bool
settle_recipients(SMFICTX *context, const struct group *group, const struct message *message)
{
	g_autoptr(GHashTable) chosen = chosen_in(group), again = g_hash_table_new(NULL, NULL);
	GHashTableIter each;
	void *copy;

	for (guint i = 0; i < message->recipients->len; i++) {
		const struct recipient *named = g_ptr_array_index(message->recipients, i);
		const struct copy *kept = g_hash_table_lookup(chosen, named->folded);

		if (kept != NULL && kept->recipient == named && !kept->is_reported_by_us)
			continue;
		if (kept != NULL && strcmp(kept->recipient->address, named->address) == 0)
			g_hash_table_add(again, (gpointer)kept);
		else if (smfi_delrcpt(context, named->path) != MI_SUCCESS)
			return false;
	}
	g_hash_table_iter_init(&each, again);
	while (g_hash_table_iter_next(&each, &copy, NULL))
		if (!keep_one(context, copy))
			return false;
	return true;
}

sfsistat
verdict_apply(SMFICTX *context, const struct dispatch *dispatch, const struct message *message)
{
	struct body_sink body = {.sink = {.write = replace_body}, .context = context};
	struct fault fault = {0};

	crash_point("milter-before-verdict");
	if (dispatch->plan.refused != NULL)
		return verdict_refuse(context, &dispatch->plan.refusal);
	if (dispatch->in_place == NULL)
		return SMFIS_DISCARD; /* everything is in the database */
	if (!settle_recipients(context, dispatch->in_place, message) ||
	    !change_header(context, &dispatch->variant, message))
		fault_set(&fault, FAULT_PEER,
			  "changing the message: the MTA refuses it or is gone");
	else if (dispatch->body == NULL || is_emptied(context, dispatch->body) ||
		 spool_copy(dispatch->body, 0, &body.sink, &fault))
		return SMFIS_ACCEPT;
	log_error("%s: %s", message->queue_id, fault.text);
	return verdict_refuse(context, &fault);
}

static sfsistat
refuse_change(SMFICTX *context, const struct message *message)
{
	struct fault fault;

	fault_set(&fault, FAULT_PEER, "changing the header: the MTA refuses it or is gone");
	log_error("%s: %s", message->queue_id, fault.text);
	return verdict_refuse(context, &fault);
}

sfsistat
verdict_without(SMFICTX *context, const struct message *message, const GPtrArray *recipients)
{
	for (guint i = 0; i < recipients->len; i++) {
		const struct recipient *recipient = g_ptr_array_index(recipients, i);

		if (smfi_delrcpt(context, recipient->path) != MI_SUCCESS)
			return refuse_change(context, message);
	}
	return SMFIS_ACCEPT;
}

/* Adds the field at the top: a transport that stops a message because of it has then sent none of
 * the other fields yet. */
sfsistat
verdict_note(SMFICTX *context, const struct message *message, const char *name, const char *value)
{
	for (guint i = message->fields->len; i-- > 0;) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, name) == 0 &&
		    smfi_chgheader(context, field->name, place_by_name(message, i), NULL) !=
			    MI_SUCCESS)
			return refuse_change(context, message);
	}
	return smfi_insheader(context, 0, (char *)name, (char *)value) == MI_SUCCESS
		       ? SMFIS_ACCEPT
		       : refuse_change(context, message);
}
