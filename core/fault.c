#include "core/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct fault_reply replies[FAULT_CAUSES] = {
	[FAULT_NONE] = {"250", "2.0.0"},      [FAULT_DATABASE] = {"451", "4.3.0"},
	[FAULT_STORAGE] = {"452", "4.3.1"},   [FAULT_CRYPTO] = {"451", "4.7.5"},
	[FAULT_TIMEOUT] = {"451", "4.4.7"},   [FAULT_PEER] = {"451", "4.4.2"},
	[FAULT_OVERLOAD] = {"451", "4.3.2"},  [FAULT_BUSY] = {"451", "4.3.2"},
	[FAULT_TOO_OFTEN] = {"450", "4.7.1"}, [FAULT_BUG] = {"451", "4.3.0"},
	[FAULT_CONFIG] = {"451", "4.3.5"},    [FAULT_INPUT] = {"550", "5.6.0"},
	[FAULT_TOO_BIG] = {"552", "5.3.4"},   [FAULT_REFUSED] = {"550", "5.7.1"},
	[FAULT_LOOP] = {"554", "5.4.6"},      [FAULT_ADDRESS] = {"553", "5.1.3"},
	[FAULT_SENDER] = {"553", "5.1.7"},    [FAULT_SMTPUTF8] = {"553", "5.6.7"},
	[FAULT_NO_METHOD] = {"550", "5.7.5"},
};

bool
fault_set(struct fault *fault, enum fault_cause cause, const char *format, ...)
{
	va_list args;

	fault->cause = cause;
	va_start(args, format);
	vsnprintf(fault->text, sizeof fault->text, format, args);
	va_end(args);
	return false;
}

bool
fault_within(struct fault *fault, const char *format, ...)
{
	char inner[FAULT_TEXT_MAX];
	va_list args;
	size_t used;

	memcpy(inner, fault->text, sizeof inner);
	va_start(args, format);
	vsnprintf(fault->text, sizeof fault->text, format, args);
	va_end(args);
	used = strlen(fault->text);
	snprintf(fault->text + used, sizeof fault->text - used, ": %s", inner);
	return false;
}

struct fault_reply
fault_reply(enum fault_cause cause)
{
	if (cause <= FAULT_NONE || cause >= FAULT_CAUSES)
		cause = FAULT_BUG;
	return replies[cause];
}

bool
fault_is_temporary(const struct fault *fault)
{
	return fault_reply(fault->cause).code[0] == '4';
}
