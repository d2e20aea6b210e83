#include "keystore/found.h"

void
found_item_free(struct found_item *item)
{
	g_bytes_unref(item->bytes);
	g_free(item);
}

void
found_key_free(struct found_key *key)
{
	key_facts_free(key->facts);
	g_free(key);
}
