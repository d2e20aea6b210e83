/* Sealed chunks and OpenPGP packets, as they would come from a database that was tampered with. */
#include <stdint.h>
#include <string.h>

#include "core/seal/content.h"
#include "core/spool.h"
#include "keystore/openpgp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct seal_key key;
	static const unsigned char key_id[8];
	g_autoptr(GPtrArray) well_signed = g_ptr_array_new_with_free_func(g_free);
	struct counting_sink counter;
	struct unsealing unsealing;
	struct seal_key opened;
	struct fault fault;

	g_free(openpgp_weak_signatures(data, size, key_id, well_signed));
	if (seal_unwrap(&opened, data, size, &key, "row"))
		abort();
	counting_sink_init(&counter);
	if (size < SEALING_HEADER_BYTES ||
	    !unsealing_init(&unsealing, &key, "row", data, SEALING_HEADER_BYTES, &fault))
		return 0;
	if (unsealing_chunk(&unsealing, data + SEALING_HEADER_BYTES, size - SEALING_HEADER_BYTES,
			    &counter.sink, &fault))
		abort();
	unsealing_clear(&unsealing);
	return 0;
}
