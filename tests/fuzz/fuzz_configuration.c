/* postseal.conf, and a file of expectations: whatever the file contains, it is accepted, or refused
 * with a sentence. */
#include <stdint.h>
#include <unistd.h>

#include "admin/expectation.h"
#include "admin/situation.h"
#include "delivery/method.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What `postseal policy test` does with a line before it asks the rules. */
static void
read_expectation(const struct configuration_line *line, GPtrArray *errors)
{
	const guint before = errors->len;
	g_auto(expectation_auto) expectation = {0};
	g_autofree char *shown = NULL;
	struct fault fault = {0};
	time_t time = 0;

	if (expectation_read(&expectation, line, errors) != (errors->len == before))
		abort(); /* the same */
	if (errors->len > before)
		return;
	shown = expectation_shown(&expectation);
	if (*shown == '\0' || expectation.to->len == 0)
		abort(); /* expects nothing, or of nobody */
	if (expectation.time != NULL && !situation_time(expectation.time, &time, &fault) &&
	    *fault.text == '\0')
		abort();
}

static void
read_expectations(const char *path)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(configuration_auto) file = configuration_read(path, errors);

	if (file == NULL && errors->len == 0)
		abort();
	for (guint i = 0; file != NULL && i < file->lines->len; i++)
		read_expectation(g_ptr_array_index(file->lines, i), errors);
	for (guint i = 0; i < errors->len; i++)
		if (!g_utf8_validate(g_ptr_array_index(errors, i), -1, NULL))
			abort(); /* cannot be printed */
}

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
	lseek(fd, 0, SEEK_SET);
	read_expectations(path);
	return 0;
}
