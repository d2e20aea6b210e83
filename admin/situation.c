#include "admin/situation.h"

#include <string.h>

#include "core/network.h"

bool
situation_client(struct message *message, const char *text, struct fault *fault)
{
	struct network_address address;

	if (!network_address_parse(&address, text))
		return fault_set(
			fault, FAULT_INPUT,
			"reading the client \"%s\": it is not an address such as 192.0.2.1 "
			"or 2001:db8::1",
			text);
	g_free(message->client);
	message->client = g_strdup_printf("[%s]", text);
	return true;
}

/* The C library would take 30 February for the second day of March, and a time that the clocks
 * leave out for one an hour later. */
bool
situation_time(const char *text, time_t *time_r, struct fault *fault)
{
	struct tm local = {.tm_isdst = -1}, asked;
	const char *end = strptime(text, "%Y-%m-%d %H:%M", &local);

	asked = local;
	*time_r = end == NULL || *end != '\0' ? -1 : mktime(&local);
	if (*time_r <= 0 || asked.tm_mday != local.tm_mday)
		return fault_set(
			fault, FAULT_INPUT,
			"reading the time \"%s\": it is not a time such as 2026-11-27 08:30", text);
	return (asked.tm_hour == local.tm_hour && asked.tm_min == local.tm_min) ||
	       fault_set(fault, FAULT_INPUT,
			 "reading the time \"%s\": the clocks go forward then, and leave it out",
			 text);
}
