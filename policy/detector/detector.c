#include "policy/detector/detector.h"

#include <string.h>

static const char *const names[NUMBER_KINDS] = {
	[NUMBER_CARD] = "card",
	[NUMBER_IBAN] = "iban",
	[NUMBER_AHV] = "ahv",
	[NUMBER_SSN] = "ssn",
};

static void
detector_free(struct detector *detector)
{
	pcre2_code_free(detector->regex);
	pcre2_code_free(detector->plain);
	g_free(detector->name);
	g_free(detector);
}

struct detector *
detectors_add(GPtrArray *detectors, const char *name)
{
	struct detector *detector = g_new0(struct detector, 1);

	detector->name = g_strdup(name);
	detector->index = detectors->len;
	detector->number = NUMBER_KINDS;
	detector->at_least = 1;
	g_ptr_array_add(detectors, detector);
	return detector;
}

GPtrArray *
detectors_new(void)
{
	GPtrArray *detectors = g_ptr_array_new_with_free_func((GDestroyNotify)detector_free);

	for (enum number number = 0; number < NUMBER_KINDS; number++)
		detectors_add(detectors, names[number])->number = number;
	return detectors;
}

struct detector *
detectors_find(const GPtrArray *detectors, const char *name)
{
	for (guint i = 0; i < detectors->len; i++) {
		struct detector *detector = g_ptr_array_index(detectors, i);

		if (strcmp(detector->name, name) == 0)
			return detector;
	}
	return NULL;
}

/* --- imitations --- */

static bool
matches(const pcre2_code *regex, const char *text)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex, NULL);
	int found = pcre2_match(regex, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, 0, data, NULL);

	pcre2_match_data_free(data);
	return found >= 0;
}

/* Does it match any text with digits? */
static bool
is_broad(const pcre2_code *regex)
{
	static const char *const others[] = {"Our meeting is on 12 May 2026, at 14:30, in room 7.",
					     "We ordered 250 pieces for 1299.50 euros.",
					     "a secret word"};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (matches(regex, others[i]))
			return true;
	return false;
}

const struct detector *
detectors_imitated(const GPtrArray *detectors, const pcre2_code *regex, const char **example_r)
{
	/* Numbers whose check digit is wrong, or that are not issued. */
	static const struct {
		enum number number;
		const char *wrong[4];
	} examples[] = {
		{NUMBER_CARD, {"4111 1111 1111 1112", "4111111111111112", "4111-1111-1111-1112"}},
		{NUMBER_IBAN,
		 {"CH93 0076 2011 6238 5295 8", "CH9300762011623852958", "DE89370400440532013001"}},
		{NUMBER_AHV, {"756.1234.5678.98", "756 1234 5678 98", "7561234567898"}},
		{NUMBER_SSN, {"666-12-3456", "000-12-3456"}},
	};

	if (is_broad(regex))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++)
		for (const char *const *wrong = examples[i].wrong; *wrong != NULL; wrong++)
			if (matches(regex, *wrong)) {
				*example_r = *wrong;
				return detectors_find(detectors, names[examples[i].number]);
			}
	return NULL;
}
