/*
 * Figures for Prometheus (text exposition format 0.0.4), served at http://ADDRESS/metrics. All of
 * them are listed in metrics_table.h and postseal-metrics(7); code that counts gives only the
 * labels.
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

/* Adds to a counter. `labels` is for example `method="smime"`, or "". */
void metrics_count(enum metric metric, const char *labels, double by);
/* Adds a duration in seconds to a histogram from 1 ms to 30 s. */
void metrics_observe(enum metric metric, const char *labels, double seconds);
/* Sets a gauge, until the next scrape. */
void metrics_set(enum metric metric, const char *labels, double value);
/* Serves the series from now on, beginning at 0: so what has never happened can be told from what
 * is not counted. */
void metrics_expect(enum metric metric, const char *labels);

/* Measure a phase: begin, then end. */
gint64 metrics_begin(void);
void metrics_end(gint64 begun, enum metric metric, const char *labels);

/* Called at each scrape, to set the gauges. */
typedef void metrics_gauges(void *context);

/* Serves on a loopback address such as "127.0.0.1:9180"; "": not at all. `gauges` may be NULL. Runs
 * as long as the program. */
bool metrics_serve(const char *address, metrics_gauges *gauges, void *context, struct fault *fault);
/* The text that is served; caller frees. */
char *metrics_text(void);

#endif
