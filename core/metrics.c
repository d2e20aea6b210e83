#include "core/metrics.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum type { COUNTER, GAUGE, HISTOGRAM };

static const struct {
	const char *name, *help;
	enum type type;
} metrics[METRIC_COUNT] = {
#define METRIC(id, type, name, help) [METRIC_##id] = {name, help, type},
#include "core/metrics_table.h"
#undef METRIC
};

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
				0.25,  0.5,    1,     2.5,  5,	   10,	 30};
enum { BOUNDS = G_N_ELEMENTS(bounds) };

struct series {
	double value;		     /* the sum, for a histogram */
	guint64 buckets[BOUNDS + 1]; /* the last one: above all bounds */
};

static struct {
	GMutex lock;
	GTree *series[METRIC_COUNT]; /* struct series, by their labels */
	metrics_gauges *gauges;
	void *context;
} figures;

static gint
by_text(gconstpointer one, gconstpointer other, gpointer unused)
{
	(void)unused;
	return strcmp(one, other);
}

/* Call with the lock held. */
static struct series *
series_of(enum metric metric, const char *labels)
{
	struct series *series;

	if (figures.series[metric] == NULL)
		figures.series[metric] = g_tree_new_full(by_text, NULL, g_free, g_free);
	series = g_tree_lookup(figures.series[metric], labels);
	if (series == NULL) {
		series = g_new0(struct series, 1);
		g_tree_insert(figures.series[metric], g_strdup(labels), series);
	}
	return series;
}

void
metrics_count(enum metric metric, const char *labels, double by)
{
	g_mutex_lock(&figures.lock);
	series_of(metric, labels)->value += by;
	g_mutex_unlock(&figures.lock);
}

void
metrics_set(enum metric metric, const char *labels, double value)
{
	g_mutex_lock(&figures.lock);
	series_of(metric, labels)->value = value;
	g_mutex_unlock(&figures.lock);
}

void
metrics_expect(enum metric metric, const char *labels)
{
	g_mutex_lock(&figures.lock);
	(void)series_of(metric, labels);
	g_mutex_unlock(&figures.lock);
}

void
metrics_observe(enum metric metric, const char *labels, double seconds)
{
	struct series *series;
	int bucket = 0;

	while (bucket < BOUNDS && seconds > bounds[bucket])
		bucket++;
	g_mutex_lock(&figures.lock);
	series = series_of(metric, labels);
	series->buckets[bucket]++;
	series->value += seconds;
	g_mutex_unlock(&figures.lock);
}

gint64
metrics_begin(void)
{
	return g_get_monotonic_time();
}

void
metrics_end(gint64 begun, enum metric metric, const char *labels)
{
	metrics_observe(metric, labels,
			(double)(g_get_monotonic_time() - begun) / G_TIME_SPAN_SECOND);
}

/* --- the text --- */

struct writing {
	GString *text;
	enum metric metric;
};

static void
append_value(GString *text, const char *name, const char *labels, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(text, *labels == '\0' ? "%s%s %s\n" : "%s{%s} %s\n", name, labels,
			       g_ascii_dtostr(number, sizeof number, value));
}

static void
append_histogram(GString *text, const char *name, const char *labels, const struct series *series)
{
	g_autofree char *bucket = g_strconcat(name, "_bucket", NULL);
	g_autofree char *sum = g_strconcat(name, "_sum", NULL);
	g_autofree char *count = g_strconcat(name, "_count", NULL);
	guint64 below = 0;

	for (int i = 0; i <= BOUNDS; i++) {
		char number[G_ASCII_DTOSTR_BUF_SIZE];
		g_autofree char *with_bound = g_strdup_printf(
			"%s%sle=\"%s\"", labels, *labels == '\0' ? "" : ",",
			i == BOUNDS ? "+Inf"
				    : g_ascii_formatd(number, sizeof number, "%g", bounds[i]));

		below += series->buckets[i];
		append_value(text, bucket, with_bound, (double)below);
	}
	append_value(text, sum, labels, series->value);
	append_value(text, count, labels, (double)below);
}

static gboolean
append_series(gpointer labels, gpointer series, gpointer context)
{
	const struct writing *writing = context;
	const char *name = metrics[writing->metric].name;

	if (metrics[writing->metric].type == HISTOGRAM)
		append_histogram(writing->text, name, labels, series);
	else
		append_value(writing->text, name, labels, ((const struct series *)series)->value);
	return FALSE;
}

static void
append_metric(GString *text, enum metric metric)
{
	static const char *const types[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
	struct writing writing = {text, metric};

	if (figures.series[metric] == NULL)
		return;
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", metrics[metric].name,
			       metrics[metric].help, metrics[metric].name,
			       types[metrics[metric].type]);
	g_tree_foreach(figures.series[metric], append_series, &writing);
}

/* The value of a gauge at the last scrape may be out of date. */
static void
set_gauges(void)
{
	g_mutex_lock(&figures.lock);
	for (int i = 0; i < METRIC_COUNT; i++)
		if (metrics[i].type == GAUGE)
			g_clear_pointer(&figures.series[i], g_tree_unref);
	g_mutex_unlock(&figures.lock);
	if (figures.gauges != NULL)
		figures.gauges(figures.context);
}

char *
metrics_text(void)
{
	static GMutex one_scrape;
	GString *text = g_string_new(NULL);

	g_mutex_lock(&one_scrape);
	set_gauges();
	g_mutex_lock(&figures.lock);
	for (int i = 0; i < METRIC_COUNT; i++)
		append_metric(text, (enum metric)i);
	g_mutex_unlock(&figures.lock);
	g_mutex_unlock(&one_scrape);
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
metrics_serve(const char *address, metrics_gauges *gauges, void *context, struct fault *fault)
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
	figures.gauges = gauges;
	figures.context = context;
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
				MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&place,
				MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_CONNECTION_TIMEOUT,
				10u, MHD_OPTION_END) != NULL ||
	       fault_set(fault, FAULT_CONFIG, "serving metrics at %s failed: is the port in use?",
			 address);
}
