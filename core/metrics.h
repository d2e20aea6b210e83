/*
 * Figures for Prometheus (text exposition format 0.0.4), served at http://ADDRESS/metrics. All are
 * in metrics_table.h and postseal-metrics(7); where they are counted, only their labels are said.
 */
#ifndef POSTSEAL_CORE_METRICS_H
#define POSTSEAL_CORE_METRICS_H

#include <glib.h>
#include <stdbool.h>

#include "core/fault.h"

enum metric {
#define METRIC(id, type, name, help) METRIC_##id,
#include "core/metrics_table.h"
#undef METRIC
	METRIC_COUNT
};

/* `labels` are such as `method="smime"`, or "". Adds to a counter. */
void metrics_count(enum metric metric, const char *labels, double by);
/* Seconds, into a histogram from 1 ms to 30 s. */
void metrics_observe(enum metric metric, const char *labels, double seconds);
/* The value of a gauge, until the next scrape. */
void metrics_set(enum metric metric, const char *labels, double value);
/* The series is served from now on, at 0: what has never happened can be told from what is not
 * counted. */
void metrics_expect(enum metric metric, const char *labels);

/* Measures a phase: begin, then end. */
gint64 metrics_begin(void);
void metrics_end(gint64 begun, enum metric metric, const char *labels);

/* Asked at each scrape, to set the gauges. */
typedef void metrics_gauges(void *context);

/* Serves on a loopback address such as "127.0.0.1:9180"; "": not at all. `gauges` may be NULL.
 * Lives as long as the program. */
bool metrics_serve(const char *address, metrics_gauges *gauges, void *context, struct fault *fault);
/* What is served; caller frees. */
char *metrics_text(void);

#endif
