#include "keystore/finder/dane.h"
#include "keystore/finder/resolver.h"

/* Items: transferable public keys in binary, as the RDATA is. */
static void
ask(const struct finder_task *task, struct finder_answer *answer)
{
	dane_ask(task, "_openpgpkey", DNS_OPENPGPKEY, answer);
}

const struct finder finder_openpgpkey = {
	.wish = FINDER_OPENPGPKEY, .begin = resolver_begin, .ask = ask};
