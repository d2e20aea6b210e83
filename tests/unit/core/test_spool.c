/* The spool, in memory and in a file. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/spool.h"
#include "tests/unit/spooled.h"

static void
spool_is_the_same_in_memory_and_in_a_file(void **state)
{
	static const struct spool_settings on_disk = {
		.directory = "/tmp", .memory_max = 10, .size_max = 5000};
	g_autoptr(spool_auto) spool = spool_new(&on_disk);
	struct fault fault = {0};
	char data[100], read[100];
	size_t got;

	(void)state;
	for (int i = 0; i < 50; i++) {
		memset(data, 'a' + i % 26, sizeof data);
		assert_true(spool_append(spool, data, sizeof data, &fault));
	}
	assert_true(spooled_file() >= 0);
	assert_true(spool_read(spool, 4950, read, sizeof read, &got, &fault));
	assert_int_equal(got, 50);
	assert_int_equal(read[0], 'a' + 49 % 26);
	assert_false(spool_append(spool, "x", 1, &fault));
	assert_int_equal(fault.cause, FAULT_TOO_BIG);
	assert_false(fault_is_temporary(&fault));
}

static void
spool_that_cannot_write_is_a_temporary_fault(void **state)
{
	static const struct spool_settings nowhere = {.directory = "/nowhere", .memory_max = 1};
	g_autoptr(spool_auto) spool = spool_new(&nowhere);
	struct fault fault = {0};

	(void)state;
	assert_false(spool_append(spool, "xx", 2, &fault));
	assert_true(fault_is_temporary(&fault));
	assert_non_null(strstr(fault.text, "/nowhere"));
}

/* The kernel's limit on the size of a file stands in for a disk that is full for a moment. */
static void
spool_that_failed_once_is_never_taken_for_whole(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1};
	g_autoptr(spool_auto) spool = spool_new(&on_disk);
	const struct rlimit small = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
	const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct fault fault = {0};
	static char data[70000]; /* more than is buffered */
	size_t got;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_true(spool_append(spool, data, sizeof data, &fault));
	assert_true(spool_check(spool, &fault));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(spool_append(spool, data, sizeof data, &fault));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(spool_append(spool, data, sizeof data, &fault));
	assert_false(spool_read(spool, 0, data, sizeof data, &got, &fault));
	fault = (struct fault){0};
	assert_false(spool_check(spool, &fault));
	assert_true(fault_is_temporary(&fault));
	assert_non_null(strstr(fault.text, "File too large"));
}

/* Pieces of all sizes, in every combination of buffered and direct writes. */
static void
give_and_read(const struct spool_settings *settings)
{
	static const size_t sizes[] = {1,     999, 1,	   65535, 1,	65536,
				       65537, 3,   200000, 64000, 2000, 7};
	g_autoptr(spool_auto) spool = spool_new(settings);
	g_autoptr(GByteArray) expected = g_byte_array_new();
	g_autofree guint8 *read = g_malloc(500000);
	struct fault fault = {0};
	size_t got, done = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree guint8 *piece = g_malloc(sizes[i]);

		for (size_t at = 0; at < sizes[i]; at++)
			piece[at] = (guint8)(at * 31 + i);
		g_byte_array_append(expected, piece, (guint)sizes[i]);
		assert_true(spool_append(spool, piece, sizes[i], &fault));
		for (done = 0;
		     spool_read(spool, done, read + done, 70001, &got, &fault) && got > 0;)
			done += got;
		assert_int_equal(done, expected->len);
		assert_memory_equal(read, expected->data, done);
	}
}

static void
spool_gives_back_what_it_was_given(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1000},
					   sealed = {.directory = "/tmp",
						     .memory_max = 1000,
						     .is_sealed = true};

	(void)state;
	give_and_read(&on_disk);
	give_and_read(&sealed);
}

/* The bytes of the file without a name that this process has open. */
static GByteArray *
read_unnamed(void)
{
	GByteArray *bytes = g_byte_array_new();

	for (int fd = 3; fd < 100; fd++) {
		g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
		g_autofree char *path = g_file_read_link(link, NULL);
		guint8 piece[4096];
		off_t at = 0;
		ssize_t got;

		if (path == NULL || !g_str_has_prefix(path, "/tmp/") ||
		    !g_str_has_suffix(path, " (deleted)"))
			continue;
		for (; (got = pread(fd, piece, sizeof piece, at)) > 0; at += got)
			g_byte_array_append(bytes, piece, (guint)got);
	}
	return bytes;
}

static bool
is_in_file(const struct spool_settings *settings, const char *words)
{
	g_autoptr(spool_auto) spool = spool_new(settings);
	g_autoptr(GByteArray) file = NULL;
	struct fault fault;

	for (int i = 0; i < 20000; i++)
		assert_true(spool_append(spool, words, strlen(words), &fault));
	file = read_unnamed();
	assert_true(file->len > 65536);
	return memmem(file->data, file->len, words, strlen(words)) != NULL;
}

static void
file_of_a_sealed_spool_cannot_be_read(void **state)
{
	static const struct spool_settings on_disk = {.directory = "/tmp", .memory_max = 1000},
					   sealed = {.directory = "/tmp",
						     .memory_max = 1000,
						     .is_sealed = true};

	(void)state;
	assert_true(is_in_file(&on_disk, "the plan of the roof"));
	assert_false(is_in_file(&sealed, "the plan of the roof"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spool_is_the_same_in_memory_and_in_a_file),
		cmocka_unit_test(spool_that_cannot_write_is_a_temporary_fault),
		cmocka_unit_test(spool_gives_back_what_it_was_given),
		cmocka_unit_test(file_of_a_sealed_spool_cannot_be_read),
		cmocka_unit_test(spool_that_failed_once_is_never_taken_for_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
