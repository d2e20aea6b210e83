/* postseal.conf: whatever the file contains, it is accepted, or refused with a sentence. */
#include <stdint.h>
#include <unistd.h>

#include "delivery/method.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[] = "/tmp/postseal-fuzz.XXXXXX";
	static int fd = -1;
	g_auto(policy_complaints_auto) complaints = {0};
	struct policy *policy;

	if (fd < 0) {
		fd = mkstemp(path);
		unlink(path);
		g_snprintf(path, sizeof path, "/dev/fd/%d", fd);
	}
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	lseek(fd, 0, SEEK_SET);
	policy_complaints_init(&complaints);
	policy = policy_load(path, methods_for_policy(), &complaints);
	if ((policy == NULL) != (complaints.errors->len > 0))
		abort(); /* refused without a reason, or accepted with one */
	policy_unref(policy);
	return 0;
}
