#include "policy/detector/detections.h"

#include <string.h>

enum { SAMPLE_MAX = 40, BOTH_ENDS = 12, LAST_ONLY = 8, SHOWN_FIRST = 3, SHOWN_LAST = 2 };

struct detections *
detections_new(const GPtrArray *detectors)
{
	struct detections *detections = g_new0(struct detections, 1);

	detections->count = detectors->len;
	detections->all = g_new0(struct detected, detectors->len);
	for (guint i = 0; i < detectors->len; i++) {
		detections->all[i].detector = g_ptr_array_index(detectors, i);
		detections->all[i].seen =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	}
	return detections;
}

void
detections_free(struct detections *detections)
{
	if (detections == NULL)
		return;
	for (guint i = 0; i < detections->count; i++) {
		g_hash_table_unref(detections->all[i].seen);
		g_free(detections->all[i].where);
		g_free(detections->all[i].sample);
	}
	g_free(detections->all);
	g_free(detections);
}

/* Without allocating, as texts may be full of the same number. Longer ones are left to the table.
 */
static bool
is_known(const struct detected *detected, const char *text, size_t length)
{
	char key[NUMBER_LENGTH_MAX + 1];

	if (length >= sizeof key)
		return false;
	memcpy(key, text, length);
	key[length] = '\0';
	return g_hash_table_contains(detected->seen, key);
}

struct detected *
detections_add(struct detections *detections, guint detector, const char *text, size_t length)
{
	struct detected *detected = &detections->all[detector];

	if (g_hash_table_size(detected->seen) < DETECTIONS_MAX && !is_known(detected, text, length))
		g_hash_table_add(detected->seen, g_strndup(text, length));
	return detected->sample == NULL ? detected : NULL;
}

guint
detections_count(const struct detections *detections, guint detector)
{
	return g_hash_table_size(detections->all[detector].seen);
}

json_t *
detections_json(const struct detections *detections, guint detector)
{
	const struct detected *detected = &detections->all[detector];

	if (detected->sample == NULL)
		return NULL;
	return json_pack("{s:s, s:i, s:s, s:s}", "detector", detected->detector->name, "count",
			 (int)detections_count(detections, detector), "part", detected->where,
			 "sample", detected->sample);
}

static size_t
count_letters(const char *text, size_t length)
{
	const char *end = text + length;
	size_t count = 0;

	for (; text < end; text = g_utf8_next_char(text))
		count += g_unichar_isalnum(g_utf8_get_char(text));
	return count;
}

char *
detections_mask(const char *text, size_t length)
{
	const size_t letters = count_letters(text, length);
	const size_t first = letters < BOTH_ENDS ? 0 : SHOWN_FIRST;
	const size_t last = letters < LAST_ONLY ? letters : letters - SHOWN_LAST;
	GString *masked = g_string_new(NULL);
	size_t seen = 0;

	for (const char *at = text; at < text + length; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_isalnum(c)) {
			g_string_append_unichar(masked, g_unichar_isgraph(c) ? c : ' ');
			continue;
		}
		if (seen < first || seen >= last)
			g_string_append_unichar(masked, c);
		else
			g_string_append_c(masked, '*');
		seen++;
	}
	if (g_utf8_strlen(masked->str, -1) > SAMPLE_MAX) {
		g_string_truncate(masked,
				  (gsize)(g_utf8_offset_to_pointer(masked->str, SAMPLE_MAX - 1) -
					  masked->str));
		g_string_append(masked, "…");
	}
	return g_string_free(masked, FALSE);
}
