/*
 * Does a domain take mail only where DANE protects it (RFC 7672)? FINDER_FOUND if every host that
 * takes mail for it has a usable TLSA record, and DNSSEC proves the whole way there: MX records (or
 * that there are none, so that the domain's own host takes it), CNAMEs, addresses and TLSA records.
 * Items: for each host, the name of its TLSA records as text. FINDER_NOTHING if one has none, and
 * for domains that take no mail (RFC 7505); FINDER_FAILED if one could not be asked, or its
 * signatures do not hold.
 */
#include <openssl/x509.h>
#include <string.h>

#include "keystore/finder/dane.h"
#include "keystore/finder/resolver.h"

enum { EXCHANGES_MAX = FINDER_ITEMS_MAX, ADDRESS_TYPES = 2, BASES = 2 };

/* A host that takes mail for the domain. */
struct exchange {
	char *host;
	char *expanded;	 /* where its CNAMEs lead to; or the host again */
	char *owner;	 /* of the TLSA records that were found */
	bool is_skipped; /* it has no address: nobody delivers there */
	bool is_settled; /* `verdict` says why DANE cannot be used */
	struct finder_answer verdict;
	unsigned lifetime; /* of all that was asked about it */
};

static void
exchange_free(struct exchange *exchange)
{
	g_ptr_array_unref(exchange->verdict.items);
	g_free(exchange->verdict.place);
	g_free(exchange->verdict.why);
	g_free(exchange->host);
	g_free(exchange->expanded);
	g_free(exchange->owner);
	g_free(exchange);
}

static struct exchange *
exchange_new(const char *host, unsigned lifetime)
{
	struct exchange *exchange = g_new0(struct exchange, 1);

	exchange->host = g_strdup(host);
	exchange->lifetime = lifetime;
	exchange->verdict.items = g_ptr_array_new();
	return exchange;
}

/* --- which hosts take the domain's mail --- */

/* False: `answer` says why not. */
static bool
add_exchange(GPtrArray *exchanges, GBytes *rdata, struct finder_answer *answer)
{
	enum { PREFERENCE = 2 };
	size_t length, at = PREFERENCE;
	const unsigned char *data = g_bytes_get_data(rdata, &length);
	g_autofree char *host = dns_host(data, length, &at);

	if (host == NULL || at != length)
		finder_nothing(answer, "an MX record does not name a host");
	else if (*host == '\0')
		finder_nothing(answer, "the domain takes no mail (RFC 7505)");
	else if (exchanges->len == EXCHANGES_MAX)
		finder_failed(answer, "there are more than %d MX records", EXCHANGES_MAX);
	else
		g_ptr_array_add(exchanges, exchange_new(host, answer->lifetime));
	return answer->why == NULL;
}

/* NULL: `answer` says why not. */
static GPtrArray *
find_exchanges(const struct finder_task *task, struct finder_answer *answer)
{
	g_autoptr(GPtrArray) exchanges =
		g_ptr_array_new_with_free_func((GDestroyNotify)exchange_free);
	g_auto(dns_answer_auto) mx = {0};

	dns_ask(resolver(), &(struct dns_question){task->subject, DNS_MX}, 1, task->until, &mx);
	if (mx.outcome == DNS_NOTHING && mx.secure && mx.exists) {
		g_ptr_array_add(exchanges, exchange_new(mx.name, mx.lifetime)); /* RFC 5321 §5.1 */
		return g_steal_pointer(&exchanges);
	}
	if (dane_settle(&mx, answer))
		return NULL;
	for (guint i = 0; i < mx.records->len; i++)
		if (!add_exchange(exchanges, g_ptr_array_index(mx.records, i), answer))
			return NULL;
	return g_steal_pointer(&exchanges);
}

/* --- where their TLSA records are --- */

static void
settle(struct exchange *exchange, const struct dns_answer *answer)
{
	if (exchange->is_settled || exchange->is_skipped)
		return;
	exchange->is_settled = dane_settle(answer, &exchange->verdict);
	if (answer->outcome == DNS_FOUND || answer->outcome == DNS_NOTHING)
		exchange->lifetime = MIN(exchange->lifetime, answer->lifetime);
}

/* The host must be reached by addresses that DNSSEC proves, or TLSA records are not asked for (RFC
 * 7672 §2.2.2). */
static void
read_addresses(struct exchange *exchange, const struct dns_answer answers[ADDRESS_TYPES])
{
	const struct dns_answer *v4 = &answers[0], *v6 = &answers[1];
	bool none = v4->outcome == DNS_NOTHING && v6->outcome == DNS_NOTHING;

	exchange->is_skipped = none && v4->secure && v6->secure;
	exchange->expanded = g_strdup(v4->outcome == DNS_FOUND ? v4->name : v6->name);
	for (size_t i = 0; i < ADDRESS_TYPES; i++)
		if (none || answers[i].outcome != DNS_NOTHING)
			settle(exchange, &answers[i]);
}

static void
find_addresses(const struct finder_task *task, GPtrArray *exchanges)
{
	guint count = exchanges->len;
	g_autofree struct dns_question *questions =
		g_new(struct dns_question, count * ADDRESS_TYPES);
	g_autofree struct dns_answer *answers = g_new0(struct dns_answer, count * ADDRESS_TYPES);

	for (guint i = 0; i < count; i++) {
		const struct exchange *exchange = g_ptr_array_index(exchanges, i);

		questions[2 * i] = (struct dns_question){exchange->host, DNS_A};
		questions[2 * i + 1] = (struct dns_question){exchange->host, DNS_AAAA};
	}
	dns_ask(resolver(), questions, count * ADDRESS_TYPES, task->until, answers);
	for (guint i = 0; i < count; i++)
		read_addresses(g_ptr_array_index(exchanges, i), answers + 2 * i);
	for (guint i = 0; i < count * ADDRESS_TYPES; i++)
		dns_answer_clear(&answers[i]);
}

/* --- what they say --- */

/* Data that OpenSSL, and so the MTA, can compare with a certificate or its key. */
static bool
is_readable(const struct dane_record *record)
{
	const unsigned char *data = record->data, *end = data + record->length;
	X509 *certificate = NULL;
	X509_PUBKEY *key = NULL;
	bool good;

	if (record->matching != DANE_WHOLE)
		return true;
	if (record->selector == DANE_CERTIFICATE)
		certificate = d2i_X509(NULL, &data, (long)record->length);
	else
		key = d2i_X509_PUBKEY(NULL, &data, (long)record->length);
	good = (certificate != NULL || key != NULL) && data == end;
	X509_free(certificate);
	X509_PUBKEY_free(key);
	return good;
}

/* RFC 7672 §3.1.3: of certificate usages, SMTP has DANE-TA(2) and DANE-EE(3) only. */
static bool
is_usable(GBytes *rdata)
{
	enum { DANE_TA = 2, DANE_EE = 3 };
	struct dane_record record;

	return dane_record_read(rdata, &record) &&
	       (record.usage == DANE_TA || record.usage == DANE_EE) && is_readable(&record);
}

static bool
has_usable(const struct dns_answer *answer)
{
	for (guint i = 0; i < answer->records->len; i++)
		if (is_usable(g_ptr_array_index(answer->records, i)))
			return true;
	return false;
}

/* The expanded name's records, or, if it has none, the host's own (RFC 7672 §2.2.2). */
static void
read_records(struct exchange *exchange, const struct dns_answer answers[BASES])
{
	const struct dns_answer *answer = &answers[0];

	if (exchange->is_skipped || exchange->is_settled)
		return;
	if (answer->outcome == DNS_NOTHING || (answer->outcome == DNS_FOUND && !answer->secure))
		answer = &answers[1];
	settle(exchange, answer);
	if (exchange->is_settled)
		return;
	exchange->owner = g_strdup(answer->name);
	exchange->is_settled = !has_usable(answer);
	if (exchange->is_settled)
		finder_nothing(&exchange->verdict,
			       "none of its TLSA records can be used (RFC 7672)");
}

static void
find_records(const struct finder_task *task, GPtrArray *exchanges)
{
	guint count = exchanges->len;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct dns_question *questions = g_new(struct dns_question, count * BASES);
	g_autofree struct dns_answer *answers = g_new0(struct dns_answer, count * BASES);

	for (guint i = 0; i < count; i++) {
		const struct exchange *exchange = g_ptr_array_index(exchanges, i);

		g_ptr_array_add(names, g_strconcat("_25._tcp.", exchange->expanded, NULL));
		g_ptr_array_add(names, g_strconcat("_25._tcp.", exchange->host, NULL));
	}
	for (guint i = 0; i < names->len; i++)
		questions[i] = (struct dns_question){g_ptr_array_index(names, i), DNS_TLSA};
	dns_ask(resolver(), questions, names->len, task->until, answers);
	for (guint i = 0; i < count; i++)
		read_records(g_ptr_array_index(exchanges, i), answers + 2 * i);
	for (guint i = 0; i < names->len; i++)
		dns_answer_clear(&answers[i]);
}

/* --- the whole domain --- */

/* The host because of which the answer is no; one that certainly has none before one that could not
 * be asked. */
static const struct exchange *
find_weakest(GPtrArray *exchanges)
{
	const struct exchange *weakest = NULL;

	for (guint i = 0; i < exchanges->len; i++) {
		const struct exchange *exchange = g_ptr_array_index(exchanges, i);

		if (exchange->is_settled &&
		    (weakest == NULL || exchange->verdict.outcome == FINDER_NOTHING))
			weakest = exchange;
	}
	return weakest;
}

static void
say_no(const struct exchange *weakest, struct finder_answer *answer)
{
	if (weakest->verdict.outcome == FINDER_NOTHING)
		finder_nothing(answer, "%s, which takes its mail: %s", weakest->host,
			       weakest->verdict.why);
	else
		finder_failed(answer, "%s, which takes its mail: %s", weakest->host,
			      weakest->verdict.why);
	answer->lifetime = weakest->lifetime;
	answer->secure = false;
}

static void
say_yes(GPtrArray *exchanges, struct finder_answer *answer)
{
	answer->lifetime = G_MAXUINT;
	for (guint i = 0; i < exchanges->len; i++) {
		const struct exchange *exchange = g_ptr_array_index(exchanges, i);

		answer->lifetime = MIN(answer->lifetime, exchange->lifetime);
		if (!exchange->is_skipped)
			finder_found(answer, g_bytes_new(exchange->owner, strlen(exchange->owner)));
	}
	answer->secure = true;
	if (answer->items->len == 0)
		finder_nothing(answer, "no host that takes its mail has an address");
}

static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	g_autoptr(GPtrArray) exchanges = find_exchanges(task, answer);
	const struct exchange *weakest;

	if (exchanges == NULL)
		return;
	find_addresses(task, exchanges);
	find_records(task, exchanges);
	weakest = find_weakest(exchanges);
	if (weakest != NULL)
		say_no(weakest, answer);
	else
		say_yes(exchanges, answer);
}

const struct finder finder_tlsa = {.wish = FINDER_TLSA, .begin = resolver_begin, .ask = ask};
