#include <string.h>

#include "core/address.h"
#include "mail/letter.h"
#include "mail/subject_tags.h"
#include "policy/detect.h"
#include "policy/rule.h"
#include "policy/text_words.h"

struct conversation_search {
	const char *mark;
	bool found;
};

static bool
always(struct policy_question *question, const struct condition *condition, bool *matched_r,
       struct fault *fault)
{
	(void)question;
	(void)condition;
	(void)fault;
	*matched_r = true;
	return true;
}

static bool
sender(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	return table_has_address(c->table, q->database, q->facts.sender, matched_r, fault);
}

static bool
sender_domain(struct policy_question *q, const struct condition *c, bool *matched_r,
	      struct fault *fault)
{
	return table_has_domain(c->table, q->database, address_domain(q->facts.sender), matched_r,
				fault);
}

static bool
recipient(struct policy_question *q, const struct condition *c, bool *matched_r,
	  struct fault *fault)
{
	return table_has_address(c->table, q->database, q->recipient, matched_r, fault);
}

static bool
recipient_domain(struct policy_question *q, const struct condition *c, bool *matched_r,
		 struct fault *fault)
{
	return table_has_domain(c->table, q->database, address_domain(q->recipient), matched_r,
				fault);
}

struct search {
	struct policy_question *question;
	const struct condition *condition;
	bool found;
	int error; /* of PCRE2; 0: none */
	pcre2_match_data *data;
};

static bool
look_for_tag(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;

	(void)length;
	search->found = subject_tags_has(text, search->condition->name, false);
	return !search->found;
}

/* What is written in the portal has a subject, but no header. */
static bool
subject_tag(struct policy_question *q, const struct condition *c, bool *matched_r,
	    struct fault *fault)
{
	struct search search = {.condition = c};

	*matched_r = subject_tags_has(q->facts.subject, c->name, c->asks_less);
	if (*matched_r || c->asks_less || q->facts.headers == NULL)
		return true;
	if (!q->facts.headers(q->facts.context, "Subject", true, look_for_tag, &search, fault))
		return false;
	*matched_r = search.found;
	return true;
}

static bool
any_pattern(const struct condition *c, const char *text, size_t length)
{
	/* GLib aborts if a text to match is not valid UTF-8. */
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
	g_autofree char *folded = g_utf8_strdown(valid, -1);

	for (guint i = 0; i < c->patterns->len; i++)
		if (g_pattern_spec_match_string(g_ptr_array_index(c->patterns, i), folded))
			return true;
	return false;
}

static bool
look_at_header(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;

	search->found = any_pattern(search->condition, text, length);
	return !search->found;
}

static bool
header(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	struct search search = {.condition = c};

	if (!q->facts.headers(q->facts.context, c->name, !c->asks_less, look_at_header, &search,
			      fault))
		return false;
	*matched_r = search.found;
	return true;
}

static bool
size_over(struct policy_question *q, const struct condition *c, bool *matched_r,
	  struct fault *fault)
{
	(void)fault;
	*matched_r = q->facts.size > c->size;
	return true;
}

static bool
size_under(struct policy_question *q, const struct condition *c, bool *matched_r,
	   struct fault *fault)
{
	(void)fault;
	*matched_r = q->facts.size < c->size;
	return true;
}

static bool
look_at_part_name(void *visitor, const char *name, const char *type)
{
	struct search *search = visitor;

	(void)type;
	search->found = name != NULL && any_pattern(search->condition, name, strlen(name));
	return !search->found;
}

static bool
look_at_part_type(void *visitor, const char *name, const char *type)
{
	struct search *search = visitor;

	(void)name;
	search->found = any_pattern(search->condition, type, strlen(type));
	return !search->found;
}

static bool
any_part(struct policy_question *q, const struct condition *c, policy_visit_part *look,
	 bool *matched_r, struct fault *fault)
{
	struct search search = {.condition = c};

	if (!q->facts.parts(q->facts.context, look, &search, fault))
		return false;
	*matched_r = search.found;
	return true;
}

static bool
attachment_name(struct policy_question *q, const struct condition *c, bool *matched_r,
		struct fault *fault)
{
	return any_part(q, c, look_at_part_name, matched_r, fault);
}

static bool
attachment_type(struct policy_question *q, const struct condition *c, bool *matched_r,
		struct fault *fault)
{
	return any_part(q, c, look_at_part_type, matched_r, fault);
}

static bool
protection(struct policy_question *q, const struct condition *c, bool *matched_r,
	   struct fault *fault)
{
	struct policy_protection found = {false, false};

	if (!q->facts.protection(q->facts.context, &found, fault))
		return false;
	*matched_r = c->matcher == &match_signed ? found.is_signed : found.encrypted;
	return true;
}

static bool
opaque(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	struct policy_opaque found = {0};

	(void)c;
	if (!q->facts.opaque(q->facts.context, &found, fault))
		return false;
	*matched_r = found.text || found.names;
	return true;
}

/* The text must be valid UTF-8. */
static bool
look_at_text(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;
	int found = pcre2_match(search->condition->regex, (PCRE2_SPTR)text, length, 0,
				PCRE2_NO_UTF_CHECK, search->data,
				search->question->policy->match_context);

	search->found = found >= 0;
	search->error = found < 0 && found != PCRE2_ERROR_NOMATCH ? found : 0;
	return found == PCRE2_ERROR_NOMATCH;
}

static bool
look_at_subject(void *visitor, const char *text, size_t length)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);

	return look_at_text(visitor, valid, strlen(valid));
}

/* Asks for texts, each of which is searched for the regular expression. */
static bool
search_for(struct policy_question *q, const struct condition *c,
	   bool (*ask)(struct search *search, struct fault *fault), bool *matched_r,
	   struct fault *fault)
{
	struct search search = {.question = q, .condition = c};
	PCRE2_UCHAR why[120];
	bool looked;

	search.data = pcre2_match_data_create_from_pattern(c->regex, NULL);
	looked = ask(&search, fault);
	pcre2_match_data_free(search.data);
	if (!looked)
		return false;
	*matched_r = search.found;
	if (search.error == 0)
		return true;
	pcre2_get_error_message(search.error, why, sizeof why);
	return fault_set(fault, FAULT_CONFIG, "searching for the regular expression of `%s`: %s",
			 c->text, (const char *)why);
}

static bool
ask_text(struct search *search, struct fault *fault)
{
	const struct policy_facts *facts = &search->question->facts;

	return facts->text(facts->context, look_at_text, search, fault);
}

static bool
text_regex(struct policy_question *q, const struct condition *c, bool *matched_r,
	   struct fault *fault)
{
	return search_for(q, c, ask_text, matched_r, fault);
}

/* As for tags: where the rule asks for less protection, all programs must read it, and nobody
 * knows which of two fields they show. */
static bool
ask_subject(struct search *search, struct fault *fault)
{
	const struct policy_facts *facts = &search->question->facts;
	const bool asks_less = search->condition->asks_less;

	if (asks_less && strchr(facts->subject, '\n') != NULL)
		return true;
	return !look_at_subject(search, facts->subject, strlen(facts->subject)) || asks_less ||
	       facts->headers == NULL ||
	       facts->headers(facts->context, "Subject", true, look_at_subject, search, fault);
}

static bool
subject_regex(struct policy_question *q, const struct condition *c, bool *matched_r,
	      struct fault *fault)
{
	return search_for(q, c, ask_subject, matched_r, fault);
}

static bool
client(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	(void)fault;
	*matched_r = table_has_client(c->table, q->facts.client);
	return true;
}

static bool
at_time(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	(void)fault;
	*matched_r = false;
	for (guint i = 0; i < c->spans->len && !*matched_r; i++)
		*matched_r = schedule_has(&g_array_index(c->spans, struct schedule_span, i),
					  q->facts.time);
	return true;
}

static bool
portal(struct policy_question *q, const struct condition *c, bool *matched_r, struct fault *fault)
{
	(void)c;
	(void)fault;
	*matched_r = q->facts.is_portal;
	return true;
}

static bool
authenticated(struct policy_question *q, const struct condition *c, bool *matched_r,
	      struct fault *fault)
{
	(void)c;
	(void)fault;
	*matched_r = policy_vouches_for(q->policy, q->facts.authenticated, q->facts.sender);
	return true;
}

static bool
look_for_conversation(void *visitor, const char *text, size_t length)
{
	struct conversation_search *search = visitor;

	search->found = memmem(text, length, search->mark, strlen(search->mark)) != NULL;
	return !search->found;
}

/* Does the message answer a mail from the portal? Those have a Message-ID that we made. */
static bool
answers_portal(const struct policy_question *q, bool *answers_r, struct fault *fault)
{
	g_autofree char *mark =
		g_strdup_printf(LETTER_CONVERSATION "%s>", q->policy->settings->domains[0]);
	struct conversation_search search = {.mark = mark};

	if (!q->facts.headers(q->facts.context, "In-Reply-To", false, look_for_conversation,
			      &search, fault) ||
	    (!search.found && !q->facts.headers(q->facts.context, "References", false,
						look_for_conversation, &search, fault)))
		return false;
	*answers_r = search.found;
	return true;
}

static bool
conversation(struct policy_question *q, const struct condition *c, bool *matched_r,
	     struct fault *fault)
{
	(void)c;
	if (!answers_portal(q, matched_r, fault))
		return false;
	return *matched_r || q->facts.answers_sealed == NULL ||
	       q->facts.answers_sealed(q->facts.context, matched_r, fault);
}

const struct matcher match_all = {"all", false, NULL};
const struct matcher match_either = {"either", false, NULL};
const struct matcher match_any = {"any", false, always};
const struct matcher match_sender = {"sender", false, sender};
const struct matcher match_sender_domain = {"sender domain", false, sender_domain};
const struct matcher match_recipient = {"recipient", true, recipient};
const struct matcher match_recipient_domain = {"recipient domain", true, recipient_domain};
const struct matcher match_subject_tag = {"subject tag", false, subject_tag};
const struct matcher match_header = {"header", false, header};
const struct matcher match_size_over = {"size over", false, size_over};
const struct matcher match_size_under = {"size under", false, size_under};
const struct matcher match_attachment_name = {"attachment name", false, attachment_name,
					      SEES_NAMES};
const struct matcher match_attachment_type = {"attachment type", false, attachment_type,
					      SEES_NAMES};
const struct matcher match_encrypted = {"encrypted", false, protection};
const struct matcher match_signed = {"signed", false, protection};
const struct matcher match_opaque = {"opaque", false, opaque};
const struct matcher match_text_regex = {"text regex", false, text_regex, SEES_TEXT};
const struct matcher match_subject_regex = {"subject regex", false, subject_regex};
const struct matcher match_client = {"client", false, client};
const struct matcher match_time = {"time", false, at_time};
const struct matcher match_text_words = {"text in", false, text_words_match, SEES_TEXT};
const struct matcher match_detect = {"detect", false, detect_match, SEES_TEXT};
const struct matcher match_portal = {"portal", false, portal};
const struct matcher match_conversation = {"conversation", false, conversation};
const struct matcher match_authenticated = {"authenticated", false, authenticated};
