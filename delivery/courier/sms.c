#include "delivery/courier/sms.h"

#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "core/cleanup.h"

enum { SECONDS = 10 };

void
sms_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Only the status of the hook's answer matters. */
static size_t
ignore(char *data, size_t size, size_t count, void *context)
{
	(void)data;
	(void)context;
	return size * count;
}

static bool
post(CURL *curl, const char *url, const char *body, struct fault *fault)
{
	struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
	long status = 0;
	CURLcode code;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(fields);
	if (code != CURLE_OK)
		return fault_set(fault, FAULT_PEER, "asking %s to send an SMS: %s", url,
				 curl_easy_strerror(code));
	return status / 100 == 2 ||
	       fault_set(fault, FAULT_PEER, "asking %s to send an SMS: it answered %ld", url,
			 status);
}

bool
sms_send(const char *url, const char *number, const char *text, struct fault *fault)
{
	g_autoptr(json_t) json = json_pack("{s:s, s:s}", "to", number, "text", text);
	char *body = json_dumps(json, JSON_COMPACT);
	CURL *curl = curl_easy_init();
	bool sent = curl != NULL ? post(curl, url, body, fault)
				 : fault_set(fault, FAULT_STORAGE, "sending an SMS: out of memory");

	curl_easy_cleanup(curl);
	sodium_memzero(body, strlen(body));
	free(body);
	return sent;
}
