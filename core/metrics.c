#include "core/metrics.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
				0.25,  0.5,    1,     2.5,  5,	   10,	 30};
enum { BOUNDS = G_N_ELEMENTS(bounds) };

struct histogram {
	guint64 buckets[BOUNDS + 1]; /* the last: above all bounds */
	double sum;
};

static struct {
	GMutex lock;
	GHashTable *counters;	/* "name{labels}" to double * */
	GHashTable *histograms; /* "name\nlabels" to struct histogram */
	metrics_gauge *gauge;
	void *context;
} figures;

/* Under the lock. */
static void
make_tables(void)
{
	if (figures.counters != NULL)
		return;
	figures.counters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	figures.histograms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void
metrics_count(const char *name, const char *labels, double by)
{
	g_autofree char *key =
		*labels == '\0' ? g_strdup(name) : g_strdup_printf("%s{%s}", name, labels);
	double *value;

	g_mutex_lock(&figures.lock);
	make_tables();
	value = g_hash_table_lookup(figures.counters, key);
	if (value == NULL) {
		value = g_new0(double, 1);
		g_hash_table_insert(figures.counters, g_steal_pointer(&key), value);
	}
	*value += by;
	g_mutex_unlock(&figures.lock);
}

void
metrics_observe(const char *name, const char *labels, double seconds)
{
	g_autofree char *key = g_strconcat(name, "\n", labels, NULL);
	struct histogram *histogram;
	int bucket = 0;

	while (bucket < BOUNDS && seconds > bounds[bucket])
		bucket++;
	g_mutex_lock(&figures.lock);
	make_tables();
	histogram = g_hash_table_lookup(figures.histograms, key);
	if (histogram == NULL) {
		histogram = g_new0(struct histogram, 1);
		g_hash_table_insert(figures.histograms, g_steal_pointer(&key), histogram);
	}
	histogram->buckets[bucket]++;
	histogram->sum += seconds;
	g_mutex_unlock(&figures.lock);
}

gint64
metrics_begin(void)
{
	return g_get_monotonic_time();
}

void
metrics_end(gint64 begun, const char *name, const char *labels)
{
	metrics_observe(name, labels,
			(double)(g_get_monotonic_time() - begun) / G_TIME_SPAN_SECOND);
}

/* --- the text --- */

static void
append_counter(gpointer key, gpointer value, gpointer text)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(text, "%s %s\n", (const char *)key,
			       g_ascii_dtostr(number, sizeof number, *(const double *)value));
}

static void
append_histogram(gpointer key, gpointer value, gpointer text)
{
	const struct histogram *histogram = value;
	g_auto(GStrv) parts = g_strsplit(key, "\n", 2);
	const char *comma = *parts[1] == '\0' ? "" : ",";
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	guint64 below = 0;

	for (int i = 0; i < BOUNDS; i++) {
		below += histogram->buckets[i];
		g_string_append_printf(text, "%s_bucket{%s%sle=\"%s\"} %" G_GUINT64_FORMAT "\n",
				       parts[0], parts[1], comma,
				       g_ascii_formatd(number, sizeof number, "%g", bounds[i]),
				       below);
	}
	below += histogram->buckets[BOUNDS];
	g_string_append_printf(text, "%s_bucket{%s%sle=\"+Inf\"} %" G_GUINT64_FORMAT "\n", parts[0],
			       parts[1], comma, below);
	g_string_append_printf(
		text, "%s_sum{%s} %s\n%s_count{%s} %" G_GUINT64_FORMAT "\n", parts[0], parts[1],
		g_ascii_dtostr(number, sizeof number, histogram->sum), parts[0], parts[1], below);
}

char *
metrics_text(void)
{
	GString *text = g_string_new(NULL);

	g_mutex_lock(&figures.lock);
	make_tables();
	g_hash_table_foreach(figures.counters, append_counter, text);
	g_hash_table_foreach(figures.histograms, append_histogram, text);
	g_mutex_unlock(&figures.lock);
	if (figures.gauge != NULL)
		figures.gauge(figures.context, text);
	return g_string_free(text, FALSE);
}

/* --- serving --- */

static enum MHD_Result
answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **request)
{
	bool found = strcmp(url, "/metrics") == 0 && strcmp(method, "GET") == 0;
	char *text = found ? metrics_text() : g_strdup("GET /metrics\n");
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	(void)context, (void)version, (void)upload, (void)upload_size, (void)request;
	MHD_add_response_header(response, "Content-Type",
				"text/plain; version=0.0.4; charset=utf-8");
	queued = MHD_queue_response(connection, found ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND, response);
	MHD_destroy_response(response);
	return queued;
}

static bool
read_address(const char *address, struct sockaddr_in *place_r)
{
	g_auto(GStrv) parts = g_strsplit(address, ":", 2);
	guint64 port;

	*place_r = (struct sockaddr_in){.sin_family = AF_INET};
	if (g_strv_length(parts) != 2 || inet_pton(AF_INET, parts[0], &place_r->sin_addr) != 1 ||
	    (ntohl(place_r->sin_addr.s_addr) >> 24) != IN_LOOPBACKNET ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 1, 65535, &port, NULL))
		return false;
	place_r->sin_port = htons((in_port_t)port);
	return true;
}

bool
metrics_serve(const char *address, metrics_gauge *gauge, void *context, struct fault *fault)
{
	struct sockaddr_in place;

	if (*address == '\0')
		return true;
	if (!read_address(address, &place))
		return fault_set(
			fault, FAULT_CONFIG,
			"serving metrics at %s: expected a loopback address and a port such as "
			"127.0.0.1:9180",
			address);
	figures.gauge = gauge;
	figures.context = context;
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
				MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&place,
				MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_CONNECTION_TIMEOUT,
				10u, MHD_OPTION_END) != NULL ||
	       fault_set(fault, FAULT_CONFIG, "serving metrics at %s failed: is the port in use?",
			 address);
}
