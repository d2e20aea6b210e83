/*
 * Unlock codes by SMS, through an HTTP hook named in the setting sms. The hook receives a POST with
 * JSON: {"to": "+41791234567", "text": "..."}; any 2xx answer means that it will deliver the text.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_SMS_H
#define POSTSEAL_DELIVERY_COURIER_SMS_H

#include "core/fault.h"

/* Call once, before any thread. */
void sms_start(void);
bool sms_send(const char *url, const char *number, const char *text, struct fault *fault);

#endif
