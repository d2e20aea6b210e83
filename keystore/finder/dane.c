#include "keystore/finder/dane.h"

#include <string.h>

#include "core/lower_case.h"
#include "keystore/finder/resolver.h"

/* --- names --- */

/* The local part, without the quotes that RFC 5321 needs around some. */
static char *
local_part(const char *address, const char *at)
{
	size_t length = (size_t)(at - address);

	if (length >= 2 && address[0] == '"' && at[-1] == '"')
		return g_strndup(address + 1, length - 2);
	return g_strndup(address, length);
}

char *
dane_owner(const char *address, const char *label)
{
	enum { DIGEST_CUT = 28 };
	const char *at = strrchr(address, '@');
	g_autofree char *local = at == NULL ? NULL : local_part(address, at);
	g_autofree char *digest = NULL;

	if (at == NULL)
		return NULL;
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, local, -1);
	return g_strdup_printf("%.*s.%s.%s", 2 * DIGEST_CUT, digest, label, at + 1);
}

/* --- what DNSSEC says --- */

bool
dane_settle(const struct dns_answer *found, struct finder_answer *answer)
{
	g_free(answer->place);
	answer->place = g_strdup(found->name);
	answer->lifetime = found->lifetime;
	answer->secure = found->secure;
	if (found->outcome == DNS_BOGUS)
		finder_failed(answer, "the DNSSEC signatures do not hold: %s", found->why);
	else if (found->outcome == DNS_FAILED)
		finder_failed(answer, "DNS could not be asked: %s", found->why);
	else if (found->outcome == DNS_NOTHING)
		finder_nothing(answer, "DNS has no such record");
	else if (!found->secure)
		finder_nothing(answer, "DNS has records, but DNSSEC does not protect them");
	else
		return false;
	return true;
}

/* --- records of an address --- */

/* The answer that counts: the first name's, unless it has nothing. */
static const struct dns_answer *
better(const struct dns_answer *first, const struct dns_answer *second)
{
	return first->outcome == DNS_NOTHING ? second : first;
}

static void
take(const struct dns_answer *found, struct finder_answer *answer)
{
	if (dane_settle(found, answer))
		return;
	if (found->records->len > FINDER_ITEMS_MAX) {
		finder_failed(answer, "DNS has more than %d records", FINDER_ITEMS_MAX);
		return;
	}
	for (guint i = 0; i < found->records->len; i++)
		finder_found(answer, g_bytes_ref(g_ptr_array_index(found->records, i)));
}

void
dane_ask(const struct finder_task *task, const char *label, enum dns_type type,
	 struct finder_answer *answer)
{
	g_autofree char *small = lower_case(task->subject);
	g_autofree char *owner = dane_owner(task->subject, label);
	g_autofree char *small_owner = small == NULL ? NULL : dane_owner(small, label);
	struct dns_question questions[] = {{owner, type}, {small_owner, type}};
	struct dns_answer answers[G_N_ELEMENTS(questions)] = {0};
	bool differs = small_owner != NULL && g_strcmp0(owner, small_owner) != 0;

	if (owner == NULL) {
		finder_nothing(answer, "it is not an address");
		return;
	}
	dns_ask(resolver(), questions, differs ? 2 : 1, task->until, answers);
	take(differs ? better(&answers[0], &answers[1]) : &answers[0], answer);
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		dns_answer_clear(&answers[i]);
}

/* --- TLSA and SMIMEA --- */

static size_t
length_of_digest(enum dane_matching matching)
{
	static const size_t lengths[] = {[DANE_SHA256] = 32, [DANE_SHA512] = 64};

	return lengths[matching];
}

bool
dane_record_read(GBytes *rdata, struct dane_record *record_r)
{
	enum { HEAD = 3, USAGE_MAX = 3 };
	size_t length;
	const unsigned char *data = g_bytes_get_data(rdata, &length);

	if (length <= HEAD || data[0] > USAGE_MAX || data[1] > DANE_PUBLIC_KEY ||
	    data[2] > DANE_SHA512)
		return false;
	*record_r = (struct dane_record){.usage = data[0],
					 .selector = data[1],
					 .matching = data[2],
					 .data = data + HEAD,
					 .length = length - HEAD};
	return record_r->matching == DANE_WHOLE ||
	       record_r->length == length_of_digest(record_r->matching);
}
