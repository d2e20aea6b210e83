/*
 * Unlock codes by SMS, through an HTTP hook that the admin names (setting: sms). The hook is sent a
 * POST with JSON: {"to": "+41791234567", "text": "..."}; any 2xx answer means that it will deliver.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMS_H
#define POSTSEAL_DELIVERY_COURIER_SMS_H

#include "core/fault.h"

/* Once, before threads. */
void sms_start(void);
bool sms_send(const char *url, const char *number, const char *text, struct fault *fault);

#endif
