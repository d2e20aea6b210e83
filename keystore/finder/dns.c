#include "keystore/finder/dns.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

/*
 * One thread, `work`, calls libunbound, so that a lookup that is no longer waited for can be
 * cancelled without a race with its answer. Those who ask wait for it.
 */
struct dns {
	struct ub_ctx *context;
	GThread *thread;
	int wake; /* eventfd: `asked` or `given_up` has something, or `ending` */
	GMutex mutex;
	GQueue asked;	 /* struct lookup, not yet given to libunbound */
	GQueue given_up; /* struct lookup, nobody waits for them */
	bool ending;
};

/* Those who wait for several lookups. */
struct asker {
	GCond answered;
	size_t missing;
};

struct lookup {
	struct dns *dns;
	struct asker *asker; /* NULL: given up */
	char *name;
	enum dns_type type;
	int id;	      /* libunbound's; only for `work` */
	bool started; /* libunbound has it; only for `work` */
	bool done;
	struct dns_answer answer;
};

void
dns_answer_clear(struct dns_answer *answer)
{
	g_clear_pointer(&answer->records, g_ptr_array_unref);
	g_clear_pointer(&answer->name, g_free);
	g_clear_pointer(&answer->why, g_free);
}

static void
lookup_free(struct lookup *lookup)
{
	dns_answer_clear(&lookup->answer);
	g_free(lookup->name);
	g_free(lookup);
}

/* --- answers --- */

static void
failed(struct dns_answer *answer, enum dns_outcome outcome, const char *why)
{
	answer->outcome = outcome;
	answer->why = g_utf8_make_valid(why, -1);
}

static const char *
reason_of_code(int code)
{
	static const char *const names[] = {
		[1] = "FORMERR", [2] = "SERVFAIL", [4] = "NOTIMP", [5] = "REFUSED"};

	return (size_t)code < G_N_ELEMENTS(names) && names[code] != NULL ? names[code] : "an error";
}

static char *
without_dot(const char *name)
{
	size_t length = strlen(name);

	return g_ascii_strdown(name, (gssize)(g_str_has_suffix(name, ".") ? length - 1 : length));
}

static void
take_records(struct dns_answer *answer, const struct ub_result *result)
{
	answer->outcome = DNS_FOUND;
	answer->records = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (size_t i = 0; result->data[i] != NULL; i++) {
		if (i == DNS_RECORDS_MAX) {
			failed(answer, DNS_FAILED, "there are too many records");
			return;
		}
		g_ptr_array_add(answer->records,
				g_bytes_new(result->data[i], (gsize)MAX(result->len[i], 0)));
	}
}

static void
read_result(struct dns_answer *answer, const struct ub_result *result)
{
	enum { NOERROR = 0, NXDOMAIN = 3 };

	if (result->bogus) {
		failed(answer, DNS_BOGUS,
		       result->why_bogus != NULL ? result->why_bogus : "a signature does not hold");
		return;
	}
	answer->secure = result->secure;
	answer->lifetime = (unsigned)MAX(result->ttl, 0);
	if (result->canonname != NULL) {
		g_free(answer->name);
		answer->name = without_dot(result->canonname);
	}
	if (result->havedata) {
		take_records(answer, result);
	} else if (result->rcode == NOERROR || result->rcode == NXDOMAIN) {
		answer->outcome = DNS_NOTHING;
		answer->exists = result->rcode == NOERROR;
	} else {
		failed(answer, DNS_FAILED, reason_of_code(result->rcode));
	}
}

/* The mutex is locked. */
static void
finish(struct lookup *lookup)
{
	lookup->done = true;
	if (lookup->asker != NULL && --lookup->asker->missing == 0)
		g_cond_signal(&lookup->asker->answered);
}

/* --- the thread that calls libunbound --- */

static void
answered(void *data, int error, struct ub_result *result)
{
	struct lookup *lookup = data;

	g_mutex_lock(&lookup->dns->mutex);
	if (error != 0)
		failed(&lookup->answer, DNS_FAILED, ub_strerror(error));
	else
		read_result(&lookup->answer, result);
	finish(lookup);
	g_mutex_unlock(&lookup->dns->mutex);
	ub_resolve_free(result);
}

/* Gives it to libunbound, without the mutex: an answer from the cache may come at once. */
static void
start(struct dns *dns, struct lookup *lookup)
{
	enum { INTERNET = 1 };
	int error = ub_resolve_async(dns->context, lookup->name, lookup->type, INTERNET, lookup,
				     answered, &lookup->id);

	lookup->started = error == 0;
	if (error != 0)
		answered(lookup, error, NULL);
}

static void
forget(struct dns *dns, struct lookup *lookup)
{
	if (lookup->started && !lookup->done)
		ub_cancel(dns->context, lookup->id);
	lookup_free(lookup);
}

static struct lookup *
next_of(struct dns *dns, GQueue *queue)
{
	struct lookup *lookup;

	g_mutex_lock(&dns->mutex);
	lookup = g_queue_pop_head(queue);
	g_mutex_unlock(&dns->mutex);
	return lookup;
}

static bool
is_ending(struct dns *dns)
{
	bool ending;

	g_mutex_lock(&dns->mutex);
	ending = dns->ending;
	g_mutex_unlock(&dns->mutex);
	return ending;
}

static void
wake(struct dns *dns)
{
	uint64_t once = 1;

	while (write(dns->wake, &once, sizeof once) < 0 && errno == EINTR)
		;
}

static void *
work(void *data)
{
	struct dns *dns = data;
	struct lookup *lookup;
	uint64_t ignored;
	sigset_t all;

	sigfillset(&all); /* libunbound's thread inherits it */
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	while (!is_ending(dns)) {
		struct pollfd ready[] = {{.fd = dns->wake, .events = POLLIN},
					 {.fd = ub_fd(dns->context), .events = POLLIN}};

		if (poll(ready, G_N_ELEMENTS(ready), -1) < 0)
			continue;
		if (ready[0].revents != 0 && read(dns->wake, &ignored, sizeof ignored) < 0)
			continue;
		while ((lookup = next_of(dns, &dns->asked)) != NULL)
			start(dns, lookup);
		if (ready[1].revents != 0)
			ub_process(dns->context);
		while ((lookup = next_of(dns, &dns->given_up)) != NULL)
			forget(dns, lookup);
	}
	return NULL;
}

/* --- those who ask --- */

static struct lookup *
lookup_new(struct dns *dns, struct asker *asker, const struct dns_question *question)
{
	struct lookup *lookup = g_new0(struct lookup, 1);

	lookup->dns = dns;
	lookup->asker = asker;
	lookup->name = g_strdup(question->name);
	lookup->type = question->type;
	lookup->answer.name = g_strdup(question->name);
	if (strlen(question->name) > DNS_NAME_MAX) {
		lookup->answer.outcome = DNS_NOTHING;
		finish(lookup);
	} else {
		g_queue_push_tail(&dns->asked, lookup);
	}
	return lookup;
}

/* The mutex is locked. */
static void
take_answer(struct dns *dns, struct lookup *lookup, struct dns_answer *answer_r)
{
	if (lookup->done) {
		*answer_r = lookup->answer;
		lookup->answer = (struct dns_answer){0};
		lookup_free(lookup);
		return;
	}
	*answer_r = (struct dns_answer){.name = g_strdup(lookup->name)};
	failed(answer_r, DNS_FAILED, "there was no answer in time");
	lookup->asker = NULL;
	if (g_queue_remove(&dns->asked, lookup))
		lookup_free(lookup);
	else
		g_queue_push_tail(&dns->given_up, lookup);
}

void
dns_ask(struct dns *dns, const struct dns_question *questions, size_t count, gint64 until,
	struct dns_answer *answers_r)
{
	g_autofree struct lookup **lookups = g_new(struct lookup *, count);
	struct asker asker = {.missing = count};

	g_cond_init(&asker.answered);
	g_mutex_lock(&dns->mutex);
	for (size_t i = 0; i < count; i++)
		lookups[i] = lookup_new(dns, &asker, &questions[i]);
	wake(dns);
	while (asker.missing > 0 && g_cond_wait_until(&asker.answered, &dns->mutex, until))
		;
	for (size_t i = 0; i < count; i++)
		take_answer(dns, lookups[i], &answers_r[i]);
	g_mutex_unlock(&dns->mutex);
	wake(dns);
	g_cond_clear(&asker.answered);
}

/* --- beginning and end --- */

static bool
use(int error, struct fault *fault, const char *what)
{
	return error == 0 ||
	       fault_set(fault, FAULT_CONFIG, "setting up DNS: %s: %s", what, ub_strerror(error));
}

static bool
set_option(struct ub_ctx *context, const char *option, const char *value, struct fault *fault)
{
	return use(ub_ctx_set_option(context, option, value), fault, option);
}

/* Where nobody but us decides which servers are asked, a domain's own records must not lead us to
 * hosts of the company (RFC 6890). */
static bool
avoid_private_servers(struct ub_ctx *context, struct fault *fault)
{
	static const char *const networks[] = {"0.0.0.0/8",    "10.0.0.0/8",	 "100.64.0.0/10",
					       "127.0.0.0/8",  "169.254.0.0/16", "172.16.0.0/12",
					       "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15",
					       "224.0.0.0/3",  "::/127",	 "::ffff:0:0/96",
					       "fc00::/7",     "fe80::/10",	 "ff00::/8"};

	for (size_t i = 0; i < G_N_ELEMENTS(networks); i++)
		if (!set_option(context, "do-not-query-address:", networks[i], fault))
			return false;
	return true;
}

static bool
set_resolver(struct ub_ctx *context, const char *resolver, struct fault *fault)
{
	g_auto(GStrv) addresses = g_strsplit(resolver, " ", -1);

	if (strcmp(resolver, "root") == 0)
		return avoid_private_servers(context, fault);
	if (!set_option(context, "do-not-query-localhost:", "no", fault))
		return false;
	if (*resolver == '\0')
		return use(ub_ctx_resolvconf(context, NULL), fault, "/etc/resolv.conf");
	for (size_t i = 0; addresses[i] != NULL; i++)
		if (*addresses[i] != '\0' &&
		    !use(ub_ctx_set_fwd(context, addresses[i]), fault, addresses[i]))
			return false;
	return true;
}

static bool
set_anchor(struct ub_ctx *context, const char *anchor, struct fault *fault)
{
	if (access(anchor, R_OK) < 0)
		return fault_set(fault, FAULT_CONFIG, "reading the DNSSEC trust anchor %s: %s",
				 anchor, g_strerror(errno));
	return use(ub_ctx_add_ta_file(context, anchor), fault, anchor);
}

/* libunbound reads its files at the first question. This one is answered without the network. */
static bool
try_out(struct ub_ctx *context, const char *anchor, struct fault *fault)
{
	enum { INTERNET = 1 };
	struct ub_result *result = NULL;
	int error = ub_resolve(context, "localhost", DNS_A, INTERNET, &result);

	ub_resolve_free(result);
	return error == 0 ||
	       fault_set(fault, FAULT_CONFIG, "setting up DNS with the trust anchor %s: %s", anchor,
			 ub_strerror(error));
}

static bool
set_up(struct ub_ctx *context, const char *resolver, const char *anchor, struct fault *fault)
{
	ub_ctx_debugout(context, NULL);
	return use(ub_ctx_async(context, true), fault, "threads") &&
	       /* large answers come over TCP, and a server that was down is asked again soon */
	       set_option(context, "outgoing-num-tcp:", "32", fault) &&
	       set_option(context, "infra-keep-probing:", "yes", fault) &&
	       set_option(context, "infra-host-ttl:", "60", fault) &&
	       set_resolver(context, resolver, fault) && set_anchor(context, anchor, fault) &&
	       try_out(context, anchor, fault);
}

struct dns *
dns_new(const char *resolver, const char *anchor, struct fault *fault)
{
	struct ub_ctx *context = ub_ctx_create();
	struct dns *dns;
	int wake_fd;

	if (context == NULL) {
		fault_set(fault, FAULT_STORAGE, "setting up DNS: %s", g_strerror(errno));
		return NULL;
	}
	if (!set_up(context, resolver, anchor, fault)) {
		ub_ctx_delete(context);
		return NULL;
	}
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0) {
		fault_set(fault, FAULT_STORAGE, "setting up DNS: %s", g_strerror(errno));
		ub_ctx_delete(context);
		return NULL;
	}
	dns = g_new0(struct dns, 1);
	dns->context = context;
	dns->wake = wake_fd;
	g_mutex_init(&dns->mutex);
	g_queue_init(&dns->asked);
	g_queue_init(&dns->given_up);
	dns->thread = g_thread_new("dns", work, dns);
	return dns;
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	g_mutex_lock(&dns->mutex);
	dns->ending = true;
	g_mutex_unlock(&dns->mutex);
	wake(dns);
	g_thread_join(dns->thread);
	ub_ctx_delete(dns->context);
	g_queue_clear_full(&dns->given_up, (GDestroyNotify)lookup_free);
	close(dns->wake);
	g_mutex_clear(&dns->mutex);
	g_free(dns);
}

/* --- names in RDATA (RFC 1035 §3.1) --- */

static bool
is_label(const unsigned char *label, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return true;
}

char *
dns_host(const unsigned char *data, size_t length, size_t *at)
{
	enum { LABEL_MAX = 63 };
	g_autoptr(GString) name = g_string_new(NULL);

	while (*at < length && data[*at] != 0) {
		size_t label = data[*at];

		if (label > LABEL_MAX || label >= length - *at ||
		    !is_label(data + *at + 1, label) || name->len + label + 1 > DNS_NAME_MAX)
			return NULL;
		if (name->len > 0)
			g_string_append_c(name, '.');
		g_string_append_len(name, (const char *)data + *at + 1, (gssize)label);
		*at += 1 + label;
	}
	if (*at >= length)
		return NULL;
	++*at;
	return g_ascii_strdown(name->str, (gssize)name->len);
}
