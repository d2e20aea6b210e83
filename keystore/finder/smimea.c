#include "keystore/finder/dane.h"
#include "keystore/finder/resolver.h"

static bool
is_whole_certificate(const struct dane_record *record)
{
	return record->selector == DANE_CERTIFICATE && record->matching == DANE_WHOLE;
}

/* Items: the whole RDATA, without what is malformed. Whole certificates come first; digests and
 * bare keys follow, which cannot give a certificate, but only confirm one. */
static GPtrArray *
sorted(GPtrArray *records)
{
	GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	struct dane_record record;
	gint certificates = 0;

	for (guint i = 0; i < records->len; i++) {
		GBytes *rdata = g_ptr_array_index(records, i);

		if (!dane_record_read(rdata, &record))
			continue;
		g_ptr_array_insert(items, is_whole_certificate(&record) ? certificates++ : -1,
				   g_bytes_ref(rdata));
	}
	return items;
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	GPtrArray *records;

	dane_ask(task, "_smimecert", DNS_SMIMEA, answer);
	if (answer->outcome != FINDER_FOUND)
		return;
	records = answer->items;
	answer->items = sorted(records);
	g_ptr_array_unref(records);
	if (answer->items->len == 0)
		finder_nothing(answer, "DNS has records, but none is as RFC 8162 requires");
}

const struct finder finder_smimea = {.wish = FINDER_SMIMEA, .begin = resolver_begin, .ask = ask};
