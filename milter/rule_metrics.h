/*
 * How often rules with a name decide, or watch: metrics, served from when a policy comes into
 * force.
 */
#ifndef POSTSEAL_MILTER_RULE_METRICS_H
#define POSTSEAL_MILTER_RULE_METRICS_H

#include "policy/policy.h"

void rule_metrics_expect(const struct policy *policy);
void rule_metrics_count(const struct policy_decision *decision);

#endif
