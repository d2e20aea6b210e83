#include "keystore/finder/resolver.h"

static struct dns *shared;

bool
resolver_begin(const struct settings *settings, struct fault *fault)
{
	if (shared == NULL)
		shared = dns_new(settings->finder_resolver, settings->finder_anchor, fault);
	return shared != NULL;
}

struct dns *
resolver(void)
{
	return shared;
}
