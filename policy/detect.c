#include "policy/detect.h"

#include <string.h>

#include "mail/shown_fields.h"
#include "mail/text.h"
#include "policy/detector/detections.h"
#include "policy/detector/symbols.h"
#include "policy/plain_digits.h"

/* A match that fails its checksum may hide one that begins within it, if it is short. */
enum { AGAIN_MAX = 64 };

struct search {
	struct policy_question *question;
	const GPtrArray *detectors;
	unsigned numbers; /* the built-in detectors that rules name, a bit each */
	GString *symbols;
	const char *where; /* NULL: the part that is being visited, */
	const char *field; /* or this field of the header */
	const struct detector *failed;
	int error; /* of PCRE2, for `failed` */
};

char *
found_where(const struct policy_facts *facts, const char *where, const char *field)
{
	if (field != NULL)
		return g_ascii_strcasecmp(field, "Subject") == 0
			       ? g_strdup("subject")
			       : g_strconcat("header ", field, NULL);
	if (where != NULL || facts->place == NULL)
		return g_strdup(where == NULL ? "text" : where);
	return facts->place(facts->context);
}

static void
note(const struct search *search, struct detected *detected, const char *text, size_t length)
{
	if (detected == NULL)
		return;
	detected->where = found_where(&search->question->facts, search->where, search->field);
	detected->sample = detections_mask(text, length);
}

/* --- the built-in detectors --- */

/* They stand first, in the order of their kinds. */
static void
note_number(void *context, const struct number_found *found)
{
	const struct search *search = context;

	note(search,
	     detections_add(search->question->detections, (guint)found->kind, found->compact,
			    found->length),
	     found->from, (size_t)(found->to - found->from));
}

/* --- regular expressions --- */

/* Letters and digits of what the expression matched, or of its first group. Caller frees. */
static GString *
compact(const char *text, const PCRE2_SIZE *bounds, int count)
{
	const bool has_group = count > 1 && bounds[2] != PCRE2_UNSET;
	const char *at = text + bounds[has_group ? 2 : 0], *end = text + bounds[has_group ? 3 : 1];
	GString *compact = g_string_new(NULL);

	for (; at < end; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_isdigit(c))
			g_string_append_c(compact, (char)('0' + g_unichar_digit_value(c)));
		else if (g_unichar_isalpha(c))
			g_string_append_unichar(compact, g_unichar_toupper(c));
	}
	return compact;
}

static bool
is_right(const struct detector *detector, const GString *compact)
{
	return detector->checksum.is_right == NULL ||
	       detector->checksum.is_right(&detector->checksum, compact->str, compact->len);
}

/* Returns where the search goes on. */
static size_t
take_match(const struct search *search, const struct detector *detector, const char *text,
	   const PCRE2_SIZE *bounds, int count)
{
	g_autoptr(GString) found = compact(text, bounds, count);
	const size_t next = (size_t)(g_utf8_next_char(text + bounds[0]) - text);

	if (is_right(detector, found)) {
		note(search,
		     detections_add(search->question->detections, detector->index, found->str,
				    found->len),
		     text + bounds[0], bounds[1] - bounds[0]);
		return MAX(bounds[1], next);
	}
	return bounds[1] - bounds[0] <= AGAIN_MAX ? next : bounds[1];
}

/* False if the expression gives up. */
static bool
look_by_regex(struct search *search, const struct detector *detector, const pcre2_code *regex,
	      const char *text, size_t length)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex, NULL);
	size_t at = 0;
	int count = 0;

	while (at <= length && count >= 0) {
		count = pcre2_match(regex, (PCRE2_SPTR)text, length, at, PCRE2_NO_UTF_CHECK, data,
				    search->question->policy->match_context);
		if (count >= 0)
			at = take_match(search, detector, text, pcre2_get_ovector_pointer(data),
					count);
	}
	pcre2_match_data_free(data);
	if (count >= 0 || count == PCRE2_ERROR_NOMATCH)
		return true;
	search->failed = detector;
	search->error = count;
	return false;
}

static bool
look_by_expressions(struct search *search, const char *text, size_t length)
{
	const bool is_plain =
		search->detectors->len > NUMBER_KINDS && plain_digits_only(text, length);

	for (guint i = NUMBER_KINDS; i < search->detectors->len; i++) {
		const struct detector *detector = g_ptr_array_index(search->detectors, i);
		const pcre2_code *regex =
			is_plain && detector->plain != NULL ? detector->plain : detector->regex;

		if (detector->is_used && !look_by_regex(search, detector, regex, text, length))
			return false;
	}
	return true;
}

/* --- where they look --- */

static bool
look(void *visitor, const char *text, size_t length)
{
	struct search *search = visitor;

	if (search->numbers != 0) {
		symbols_read(search->symbols, text, length);
		numbers_each(search->symbols, search->numbers, note_number, search);
	}
	return look_by_expressions(search, text, length);
}

/* Texts of a line, as they are and as they are seen, as text_each() shows those of parts. */
static bool
look_at_line(void *visitor, const char *text, size_t length)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
	g_autofree char *seen = text_as_seen(valid, strlen(valid));

	return look(visitor, valid, strlen(valid)) &&
	       (seen == NULL || look_by_expressions(visitor, seen, strlen(seen)));
}

static bool
look_at_field(void *visitor, const char *text, size_t length)
{
	const struct search *search = visitor;
	g_autofree char *value = g_strndup(text, length);
	const char *shown = shown_field_text(search->field, value);

	return look_at_line(visitor, shown, strlen(shown));
}

static bool
look_at_name(void *visitor, const char *name, const char *type)
{
	(void)type;
	return name == NULL || look_at_line(visitor, name, strlen(name));
}

static bool
look_everywhere(struct search *search, struct fault *fault)
{
	const struct policy_facts *facts = &search->question->facts;

	for (size_t i = 0; i < SHOWN_FIELDS && search->error == 0; i++) {
		search->field = shown_fields[i];
		if (!facts->headers(facts->context, search->field, true, look_at_field, search,
				    fault))
			return false;
	}
	search->field = NULL;
	search->where = "file name";
	if (search->error == 0 && !facts->parts(facts->context, look_at_name, search, fault))
		return false;
	search->where = NULL;
	return search->error != 0 || facts->text(facts->context, look, search, fault);
}

static bool
is_good(const struct search *search, struct fault *fault)
{
	PCRE2_UCHAR why[120];

	if (search->error == 0)
		return true;
	pcre2_get_error_message(search->error, why, sizeof why);
	return fault_set(fault, FAULT_CONFIG,
			 "searching the message for the regular expression of `detect %s`: %s",
			 search->failed->name, (const char *)why);
}

static bool
search_message(struct policy_question *question, struct fault *fault)
{
	struct search search = {.question = question, .detectors = question->policy->detectors};
	bool looked;

	for (guint i = 0; i < NUMBER_KINDS; i++)
		if (((const struct detector *)g_ptr_array_index(search.detectors, i))->is_used)
			search.numbers |= 1u << i;
	question->detections = detections_new(search.detectors);
	search.symbols = g_string_new(NULL);
	looked = look_everywhere(&search, fault) && is_good(&search, fault);
	g_string_free(search.symbols, TRUE);
	if (!looked)
		g_clear_pointer(&question->detections, detections_free);
	return looked;
}

bool
detect_match(struct policy_question *question, const struct condition *condition, bool *matched_r,
	     struct fault *fault)
{
	if (question->detections == NULL && !search_message(question, fault))
		return false;
	*matched_r = detections_count(question->detections, condition->detector->index) >=
		     condition->size;
	return true;
}

json_t *
detect_found(const struct policy_question *question, const struct condition *condition)
{
	if (condition->detector == NULL || question->detections == NULL)
		return NULL;
	return detections_json(question->detections, condition->detector->index);
}
