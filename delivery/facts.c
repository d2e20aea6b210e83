#include "delivery/facts.h"

#include <string.h>

#include "delivery/inbound/answered.h"
#include "mail/encoded_words.h"
#include "mail/names.h"
#include "mail/protection.h"
#include "mail/text.h"

static bool
ask_protection(void *context, struct policy_protection *protection_r, struct fault *fault)
{
	const struct facts *facts = context;
	struct protection protection = {0};
	bool found = protection_find(facts->parts, &protection, fault);

	*protection_r = (struct policy_protection){protection.encrypted, protection.is_signed};
	return found;
}

struct field_visit {
	policy_visit *visit;
	void *visitor;
};

static bool
visit_reading(void *visitor, const char *text)
{
	const struct field_visit *field = visitor;

	return field->visit(field->visitor, text, strlen(text));
}

static bool
visit_standard(const char *value, struct field_visit *visit)
{
	g_autofree char *text = field_shown(value);

	return visit_reading(visit, text);
}

static bool
visit_behind_cr(const struct field *field, const char *name, struct reading_limit *limit,
		struct field_visit *visit)
{
	const char *at = field->value;
	bool go_on = true;

	while (go_on) {
		g_autofree char *value = field_behind_cr(&at, name);

		if (value == NULL)
			return true;
		go_on = visit_standard(value, visit) &&
			encoded_words_each(value, limit, visit_reading, visit);
	}
	return false;
}

static bool
ask_headers(void *context, const char *name, bool leniently, policy_visit *visit, void *visitor,
	    struct fault *fault)
{
	const struct facts *facts = context;
	struct field_visit how = {visit, visitor};
	struct reading_limit limit = {.left = READINGS_BYTES};
	bool go_on = true;

	for (guint i = 0; go_on && i < facts->message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(facts->message->fields, i);

		if (field_is(field, name))
			go_on = visit_standard(field->value, &how) &&
				(!leniently ||
				 encoded_words_each(field->value, &limit, visit_reading, &how));
		if (go_on && leniently)
			go_on = visit_behind_cr(field, name, &limit, &how);
	}
	return reading_limit_is_kept(&limit, fault);
}

static bool
ask_parts(void *context, policy_visit_part *visit, void *visitor, struct fault *fault)
{
	const struct facts *facts = context;

	return names_each(facts->parts, visit, visitor, fault);
}

static bool
ask_opaque(void *context, struct policy_opaque *opaque_r, struct fault *fault)
{
	struct facts *facts = context;

	if (!facts->is_looked_through && !opaque_find(facts->parts, &facts->opaque, fault))
		return false;
	facts->is_looked_through = true;
	*opaque_r =
		(struct policy_opaque){facts->opaque.text, facts->opaque.names, facts->opaque.why};
	return true;
}

static bool
ask_text(void *context, policy_visit *visit, void *visitor, struct fault *fault)
{
	const struct facts *facts = context;

	return text_each(facts->parts, visit, visitor, fault);
}

static char *
ask_place(void *context)
{
	const struct facts *facts = context;

	return parts_place(facts->parts);
}

static bool
ask_answers_sealed(void *context, bool *answers_r, struct fault *fault)
{
	const struct facts *facts = context;

	return answered_find(facts->message, facts->database, answers_r, fault);
}

static void
add_subject(GString *text, const char *value, bool is_first)
{
	g_autofree char *shown = field_shown(value);

	g_string_append_printf(text, "%s%s", is_first ? "" : "\n", shown);
}

/* A reader may be shown either of two Subject fields: each is a line of its own. One behind a lone
 * CR is never the first, which asks for less protection. */
static char *
subjects(const struct message *message)
{
	GString *text = g_string_new(NULL);
	bool is_first = true;

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		const char *at = field->value;
		char *hidden;

		if (field_is(field, "Subject")) {
			add_subject(text, field->value, is_first);
			is_first = false;
		}
		while ((hidden = field_behind_cr(&at, "Subject")) != NULL) {
			add_subject(text, hidden, false);
			g_free(hidden);
		}
	}
	return g_string_free(text, FALSE);
}

/* The address at the end of "mail.example.com [192.0.2.1]"; NULL: there is none. */
static char *
client_of(const struct message *message)
{
	const char *open = message->client == NULL ? NULL : strrchr(message->client, '[');
	const char *close = open == NULL ? NULL : strchr(open, ']');

	return close == NULL ? NULL : g_strndup(open + 1, (gsize)(close - open - 1));
}

void
facts_init(struct facts *facts, const struct message *message, const struct settings *settings,
	   const struct documents_settings *documents, struct database *database)
{
	*facts = (struct facts){
		.message = message,
		.database = database,
		.parts = parts_new(message, settings->limit_parts),
		.subject = subjects(message),
		.client = client_of(message),
	};
	parts_read_documents(facts->parts, documents);
	facts->policy = (struct policy_facts){
		.sender = message->sender_folded,
		.authenticated = message->authenticated,
		.client = facts->client,
		.subject = facts->subject,
		.size = message_size(message),
		.context = facts,
		.protection = ask_protection,
		.opaque = ask_opaque,
		.headers = ask_headers,
		.parts = ask_parts,
		.text = ask_text,
		.place = ask_place,
		.answers_sealed = database == NULL ? NULL : ask_answers_sealed,
	};
}

void
facts_clear(struct facts *facts)
{
	g_free(facts->subject);
	g_free(facts->client);
	parts_free(facts->parts);
}
