/*
 * What detectors found in a message: how many different ones, where the first is, and what it looks
 * like with most of it masked. The things themselves are forgotten with the detections.
 */
#ifndef POSTSEAL_POLICY_DETECTOR_DETECTIONS_H
#define POSTSEAL_POLICY_DETECTOR_DETECTIONS_H

#include <jansson.h>

#include "policy/detector/detector.h"

enum { DETECTIONS_MAX = 10000 }; /* different ones that are counted */

struct detected {
	const struct detector *detector;
	GHashTable *seen;     /* what was found, so that each counts once */
	char *where, *sample; /* of the first */
};

struct detections {
	struct detected *all; /* by the index of the detector */
	guint count;
};

struct detections *detections_new(const GPtrArray *detectors);
void detections_free(struct detections *detections);

/* Counts `text`, letters and digits, if it was not found before. Returns it if it is the
 * first of its detector, so that the caller says where it is, and what it looks like. */
struct detected *detections_add(struct detections *detections, guint detector, const char *text,
				size_t length);
guint detections_count(const struct detections *detections, guint detector);
/* {detector, count, part, sample}; NULL: nothing was found. */
json_t *detections_json(const struct detections *detections, guint detector);

/* 756.1234.5678.97 as 756.****.****.97. Caller frees. */
char *detections_mask(const char *text, size_t length);

#endif
