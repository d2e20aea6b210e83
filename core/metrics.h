/*
 * Figures for Prometheus (text exposition format 0.0.4): counters, histograms and gauges by name,
 * served at http://ADDRESS/metrics. Names and labels are written at the place that counts; all
 * are in postseal-metrics(7).
 */
#ifndef POSTSEAL_CORE_METRICS_H
#define POSTSEAL_CORE_METRICS_H

#include <glib.h>
#include <stdbool.h>

#include "core/fault.h"

/* Adds to the counter `name` with `labels` such as `method="smime"`, or "". */
void metrics_count(const char *name, const char *labels, double by);
/* Seconds, into a histogram from 1 ms to 30 s. */
void metrics_observe(const char *name, const char *labels, double seconds);

/* Measures a phase: begin, then end. */
gint64 metrics_begin(void);
void metrics_end(gint64 begun, const char *name, const char *labels);

/* Asked for at each scrape; appends lines such as "name{labels} 1\n". */
typedef void metrics_gauge(void *context, GString *text);

/* Serves on a loopback address such as "127.0.0.1:9180"; "": not at all. The gauge may be NULL.
 * Lives as long as the program. */
bool metrics_serve(const char *address, metrics_gauge *gauge, void *context, struct fault *fault);
/* What is served; the caller's. */
char *metrics_text(void);

#endif
