/* What the finder reads: questions of its askers, answers of the finder as its askers read them,
 * and what servers say of themselves. The first byte chooses. */
#include <stdint.h>
#include <string.h>

#include "keystore/finder/dane.h"
#include "keystore/finder/directory.h"
#include "keystore/finder/protocol.h"
#include "keystore/finder/servers.h"
#include "keystore/finder/sts_policy.h"
#include "keystore/finder/sts_record.h"
#include "keystore/finder/wkd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_questions(const uint8_t *data, size_t size)
{
	enum finder_frame frame = FINDER_FRAME_COMPLETE;
	size_t used;

	while (frame == FINDER_FRAME_COMPLETE) {
		struct finder_asked asked;

		frame = finder_take_question(data, size, &asked, &used);
		if (frame != FINDER_FRAME_COMPLETE)
			break;
		g_assert_true(used <= size && strlen(asked.subject) <= FINDER_SUBJECT_MAX);
		data += used;
		size -= used;
		finder_asked_clear(&asked);
	}
}

/* What was read is sent on as it was. */
static void
compare(const struct finder_answer *answer)
{
	g_autoptr(GByteArray) again = g_byte_array_new();
	g_auto(finder_answer_auto) same = {0};
	uint32_t number;
	size_t used;

	finder_put_answer(again, 1, answer);
	g_assert_true(finder_take_answer(again->data, again->len, &number, &same, &used) ==
		      FINDER_FRAME_COMPLETE);
	g_assert_true(used == again->len && same.outcome == answer->outcome &&
		      same.items->len == answer->items->len);
}

static void
read_answers(const uint8_t *data, size_t size)
{
	enum finder_frame frame = FINDER_FRAME_COMPLETE;
	uint32_t number;
	size_t used;

	while (frame == FINDER_FRAME_COMPLETE) {
		g_auto(finder_answer_auto) answer = {0};

		frame = finder_take_answer(data, size, &number, &answer, &used);
		if (frame != FINDER_FRAME_COMPLETE)
			break;
		g_assert_true(used <= size);
		data += used;
		size -= used;
		compare(&answer);
	}
}

static void
read_policy(const uint8_t *data, size_t size)
{
	struct sts_policy policy;
	const char *why;

	if (!sts_policy_read(&policy, (const char *)data, size, &why))
		return;
	for (char **host = policy.hosts; *host != NULL; host++)
		sts_policy_has(&policy, *host);
	sts_policy_clear(&policy);
}

static void
make_urls(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *hash = wkd_hash(text), *url = wkd_url(text, "example.com", true);
	struct fault fault;
	g_autofree char *server = servers_url(text, "joe@example.com", &fault);
	g_autofree char *search = servers_url("hkps://keys.example", text, &fault);

	g_assert_true(strlen(hash) == 32);
	g_assert_true(g_str_has_prefix(url, "https://openpgpkey.example.com/"));
	g_assert_true(server == NULL || g_str_has_prefix(server, "https://"));
	g_assert_true(strpbrk(search, " \r\n#") == NULL);
}

/* Names and records as they come from the DNS. */
static void
read_rdata(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) rdata = g_bytes_new_static(data, size);
	struct dane_record record;
	size_t at = 0;
	g_autofree char *host = dns_host(data, size, &at);

	g_assert_true(at <= size);
	g_assert_true(host == NULL || strlen(host) <= DNS_NAME_MAX);
	if (dane_record_read(rdata, &record))
		g_assert_true(record.data + record.length == data + size && record.length > 0);
}

static void
read_sts_record(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char id[STS_ID_MAX + 1];

	if (sts_record_read(text, id))
		g_assert_true(*id != '\0' && strstr(text, id) != NULL);
}

static void
make_owner(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *address = g_strconcat(text, "@example.com", NULL);
	g_autofree char *owner = dane_owner(address, "_openpgpkey");

	g_assert_true(strlen(owner) == strlen("._openpgpkey.example.com") + 56);
	g_assert_true(strspn(owner, "0123456789abcdef") == 56);
}

/* Whatever the address, it stays a value (RFC 4515 §3). */
static void
make_filter(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *filter = directory_filter("(mail=%s)", text);
	const char *value = filter + strlen("(mail=");

	g_assert_true(value[strcspn(value, "()*")] == ')');
	g_assert_true(strcspn(value, "()*") == strlen(value) - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *, size_t) = {
		read_questions, read_answers,	 read_policy, make_urls,
		read_rdata,	read_sts_record, make_owner,  make_filter};

	if (size > 0)
		readers[data[0] % G_N_ELEMENTS(readers)](data + 1, size - 1);
	return 0;
}
