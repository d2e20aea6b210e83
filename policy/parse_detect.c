/* Detectors, as the grammar finds them. */
#include <string.h>

#include "policy/parser.h"

enum { MODULUS_MAX = 1000 };

void
parser_warn_of_imitation(struct parser *parser, const struct place *place, const pcre2_code *regex)
{
	const char *wrong;
	const struct detector *better =
		detectors_imitated(parser->policy->detectors, regex, &wrong);

	if (better != NULL)
		parser_warn(parser, place,
			    "this regular expression also takes \"%s\" for a number; `detect %s` "
			    "checks the numbers that it finds, in all the forms in which people "
			    "write them",
			    wrong, better->name);
}

/* --- checksums --- */

static const struct {
	const char *name;
	bool (*is_right)(const struct checksum *checksum, const char *text, size_t length);
} checksums[] = {
	{"luhn", checksum_luhn},
	{"mod97", checksum_mod97},
	{"ean13", checksum_ean13},
};

struct checksum *
parser_checksum(struct parser *parser, const struct place *place, char *name)
{
	g_autofree char *own = name;
	struct checksum *checksum = g_new0(struct checksum, 1);

	for (size_t i = 0; i < G_N_ELEMENTS(checksums); i++)
		if (strcmp(checksums[i].name, own) == 0)
			checksum->is_right = checksums[i].is_right;
	if (checksum->is_right == NULL)
		parser_error(parser, place,
			     "found the checksum %s, expected luhn, mod97, ean13 or weights", own);
	return checksum;
}

struct checksum *
parser_weight(struct parser *parser, const struct place *place, struct checksum *checksum,
	      uint64_t weight)
{
	if (checksum == NULL)
		checksum = g_new0(struct checksum, 1);
	checksum->is_right = checksum_weights;
	if (checksum->count == CHECKSUM_WEIGHTS_MAX)
		parser_error(parser, place, "found too many weights, expected at most %d",
			     CHECKSUM_WEIGHTS_MAX);
	else
		checksum->weights[checksum->count++] = weight;
	return checksum;
}

struct checksum *
parser_modulus(struct parser *parser, const struct place *place, struct checksum *checksum,
	       uint64_t modulus)
{
	checksum->modulus = CLAMP(modulus, 2, MODULUS_MAX);
	if (modulus != checksum->modulus)
		parser_error(parser, place,
			     "found the modulus %" G_GUINT64_FORMAT ", expected 2 to %d", modulus,
			     MODULUS_MAX);
	for (size_t i = 0; i < checksum->count; i++)
		if (checksum->weights[i] >= checksum->modulus) {
			parser_error(parser, place,
				     "found the weight %" G_GUINT64_FORMAT
				     ", expected one below the modulus",
				     checksum->weights[i]);
			break;
		}
	return checksum;
}

/* --- definitions --- */

static bool
is_free(struct parser *parser, const struct place *place, const char *name)
{
	const struct detector *other = detectors_find(parser->policy->detectors, name);

	if (other == NULL)
		return true;
	parser_error(parser, place, "found a %sdetector %s, expected another name",
		     other->regex == NULL && other->number != NUMBER_KINDS ? "built-in "
									   : "second ",
		     name);
	return false;
}

void
parser_detector(struct parser *parser, const struct place *place, char *name,
		const struct place *regex_place, char *regex, struct checksum *checksum,
		uint64_t at_least)
{
	g_autofree char *own_name = name, *own_regex = regex;
	g_autofree struct checksum *own_checksum = checksum;
	struct detector *detector;

	if (!is_free(parser, place, own_name))
		return;
	detector = detectors_add(parser->policy->detectors, own_name);
	detector->regex = parser_expression(parser, regex_place, own_regex);
	detector->plain = parser_plain_expression(own_regex);
	if (own_checksum != NULL)
		detector->checksum = *own_checksum;
	else if (detector->regex != NULL)
		parser_warn_of_imitation(parser, regex_place, detector->regex);
	detector->at_least = MAX(at_least, 1);
}

/* --- conditions --- */

struct condition *
parser_detect(struct parser *parser, const struct place *place, char *name, uint64_t at_least)
{
	struct condition *condition = condition_new(&match_detect);
	struct detector_use use = {condition, name, *place};

	condition->size = at_least;
	g_array_append_val(parser->detector_uses, use);
	return condition;
}

static char *
known_detectors(const struct parser *parser)
{
	const GPtrArray *detectors = parser->policy->detectors;
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < detectors->len; i++)
		g_string_append_printf(
			names, "%s%s",
			i == 0			  ? ""
			: i + 1 == detectors->len ? " or "
						  : ", ",
			((const struct detector *)g_ptr_array_index(detectors, i))->name);
	return g_string_free(names, FALSE);
}

static void
resolve(struct parser *parser, const struct detector_use *use)
{
	struct detector *detector = detectors_find(parser->policy->detectors, use->name);
	g_autofree char *known = detector == NULL ? known_detectors(parser) : NULL;

	if (detector == NULL) {
		parser_error(parser, &use->place, "found the detector %s, expected %s", use->name,
			     known);
		return;
	}
	if (use->condition == NULL)
		return;
	detector->is_used = true;
	use->condition->detector = detector;
	if (use->condition->size == 0)
		use->condition->size = detector->at_least;
}

void
parser_resolve_detectors(struct parser *parser)
{
	for (guint i = 0; i < parser->detector_uses->len; i++)
		resolve(parser, &g_array_index(parser->detector_uses, struct detector_use, i));
}
