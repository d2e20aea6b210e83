/* Who has to wait for whom: pages never for pictures or files, and nobody for all that somebody
 * else asked for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "portal/web/apart.h"

enum { PATIENCE_SECONDS = 60 };

/* What the work waits for, and in which order it was begun. */
static struct {
	GMutex lock;
	GCond changed;
	GString *begun;	 /* names of requests, in their order */
	bool door_open;	 /* for the request that stays there */
	guint passed;	 /* requests that were served at once */
	guint permitted; /* requests that may end */
	guint ended, refused;
} stage;

struct asked {
	const char *visitor;
	char name;
};

/* Two of one network may be asked for their names at a time. One stays at the door, so that all
 * others come in one after the other; and when somebody who is served at once was served, all who
 * came before are waiting or were refused. */
static struct asked at_door = {"door", '-'}, last = {"last", '+'};

/* --- in place of libmicrohttpd --- */

void
MHD_suspend_connection(struct MHD_Connection *connection)
{
	(void)connection;
}

void
MHD_resume_connection(struct MHD_Connection *connection)
{
	(void)connection;
}

/* --- the work --- */

static void
add(guint *count, guint more)
{
	g_mutex_lock(&stage.lock);
	*count += more;
	g_cond_broadcast(&stage.changed);
	g_mutex_unlock(&stage.lock);
}

static void
wait_for(const guint *count, guint least)
{
	const gint64 until = g_get_monotonic_time() + PATIENCE_SECONDS * (gint64)G_TIME_SPAN_SECOND;
	guint reached;

	g_mutex_lock(&stage.lock);
	while (*count < least && g_cond_wait_until(&stage.changed, &stage.lock, until))
		;
	reached = *count;
	g_mutex_unlock(&stage.lock);
	assert_in_range(reached, least, G_MAXUINT);
}

static char *
who(void *request)
{
	g_mutex_lock(&stage.lock);
	while (request == &at_door && !stage.door_open)
		g_cond_wait(&stage.changed, &stage.lock);
	g_mutex_unlock(&stage.lock);
	return g_strdup(((struct asked *)request)->visitor);
}

static void
serve(void *request)
{
	g_mutex_lock(&stage.lock);
	if (request == &at_door || request == &last) {
		stage.passed++;
	} else {
		g_string_append_c(stage.begun, ((struct asked *)request)->name);
		g_cond_broadcast(&stage.changed);
		while (stage.permitted == 0)
			g_cond_wait(&stage.changed, &stage.lock);
		stage.permitted--;
		stage.ended++;
	}
	g_cond_broadcast(&stage.changed);
	g_mutex_unlock(&stage.lock);
}

static void
refuse(void *request)
{
	(void)request;
	add(&stage.refused, 1);
}

static const struct apart_work test_work = {who, serve, refuse};

static void
begun_is(const char *names)
{
	const gint64 until = g_get_monotonic_time() + PATIENCE_SECONDS * (gint64)G_TIME_SPAN_SECOND;
	char begun[32];

	g_mutex_lock(&stage.lock);
	while (stage.begun->len < strlen(names) &&
	       g_cond_wait_until(&stage.changed, &stage.lock, until))
		;
	g_strlcpy(begun, stage.begun->str, sizeof begun);
	g_mutex_unlock(&stage.lock);
	assert_string_equal(begun, names);
}

/* Returns once the request is waiting, is worked on, or was refused. */
static void
ask(struct apart *apart, struct asked *asked, enum apart_kind kind)
{
	const guint before = stage.passed;

	apart_serve(apart, NULL, "192.0.2.0", kind, asked);
	apart_serve(apart, NULL, "192.0.2.0", APART_PAGE, &last);
	wait_for(&stage.passed, before + 1);
}

static int
begin(void **state)
{
	stage.begun = g_string_new(NULL);
	stage.door_open = false;
	stage.passed = stage.permitted = stage.ended = stage.refused = 0;
	*state = apart_new(&test_work);
	apart_serve(*state, NULL, "192.0.2.0", APART_PAGE, &at_door);
	return 0;
}

static int
end(void **state)
{
	add(&stage.permitted, 1000);
	g_mutex_lock(&stage.lock);
	stage.door_open = true;
	g_cond_broadcast(&stage.changed);
	g_mutex_unlock(&stage.lock);
	apart_close(*state);
	apart_free(*state);
	g_string_free(stage.begun, TRUE);
	return 0;
}

/* --- tests --- */

static void
pictures_never_take_the_places_of_pages(void **state)
{
	static struct asked pictures[] = {{"one", 'a'},
					  {"two", 'b'},
					  {"three", 'c'},
					  {"four", 'd'}},
			    pages[] = {{"one", '1'}, {"two", '2'}, {"five", '3'}, {"six", '4'}};

	for (size_t i = 0; i < G_N_ELEMENTS(pictures); i++) {
		ask(*state, &pictures[i], APART_PICTURE);
		begun_is(i == 0 ? "a" : "ab");
	}
	ask(*state, &pages[0], APART_LONG);
	begun_is("ab1");
	ask(*state, &pages[1], APART_LONG);
	begun_is("ab12");
	ask(*state, &pages[2], APART_LONG);
	begun_is("ab123");
	ask(*state, &pages[3], APART_LONG);
	begun_is("ab1234");
}

/* Two uploads from one company kept all its members' pages waiting. */
static void
files_never_take_the_places_of_pages(void **state)
{
	static struct asked files[] = {{"one", 'a'}, {"one", 'b'}, {"two", 'c'}, {"three", 'd'}},
			    pages[] = {{"one", '1'}, {"two", '2'}}, picture = {"one", 'p'};

	ask(*state, &files[0], APART_FILES);
	begun_is("a");
	ask(*state, &files[1], APART_FILES);
	ask(*state, &files[2], APART_FILES);
	begun_is("ac");
	ask(*state, &files[3], APART_FILES);
	ask(*state, &pages[0], APART_PAGE);
	begun_is("ac1");
	ask(*state, &pages[1], APART_LONG);
	begun_is("ac12");
	ask(*state, &picture, APART_PICTURE);
	begun_is("ac12p");
}

/* Somebody with many requests has one of them served, then it is the next one's turn. */
static void
many_pictures_of_one_do_not_hold_up_those_of_another(void **state)
{
	static struct asked first[] = {{"one", 'a'}, {"two", 'b'}},
			    many[] = {{"one", 'A'}, {"one", 'A'}, {"one", 'A'},
				      {"two", 'B'}, {"two", 'B'}, {"two", 'B'}},
			    late = {"three", 'c'}, latest = {"four", 'd'};
	static const char *const orders[] = {"ab", "abc", "abcd"};

	ask(*state, &first[0], APART_PICTURE);
	begun_is("a");
	ask(*state, &first[1], APART_PICTURE);
	begun_is("ab");
	for (size_t i = 0; i < G_N_ELEMENTS(many); i++)
		ask(*state, &many[i], APART_PICTURE);
	ask(*state, &late, APART_PICTURE);
	ask(*state, &latest, APART_PICTURE);
	for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
		begun_is(orders[i]);
		add(&stage.permitted, 1);
		wait_for(&stage.ended, i + 1);
	}
}

static void
long_pages_leave_places_for_others(void **state)
{
	static struct asked longs[] = {{"1", '1'}, {"2", '2'}, {"3", '3'}, {"4", '4'}, {"5", '5'}};
	static struct asked page = {"6", 'p'};

	for (size_t i = 0; i < G_N_ELEMENTS(longs); i++) {
		g_autofree char *so_far = g_strndup("1234", MIN(i + 1, 4));

		ask(*state, &longs[i], APART_LONG);
		begun_is(so_far);
	}
	ask(*state, &page, APART_PAGE);
	begun_is("1234p");
}

static void
one_visitor_cannot_wait_with_everything(void **state)
{
	static struct asked many = {"one", 'a'}, page = {"one", 'p'};

	for (int i = 0; i < 100; i++)
		ask(*state, &many, APART_PICTURE);
	wait_for(&stage.refused, 100 - 1 - 32);
	ask(*state, &page, APART_PAGE);
	begun_is("ap");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pictures_never_take_the_places_of_pages, begin,
						end),
		cmocka_unit_test_setup_teardown(files_never_take_the_places_of_pages, begin, end),
		cmocka_unit_test_setup_teardown(
			many_pictures_of_one_do_not_hold_up_those_of_another, begin, end),
		cmocka_unit_test_setup_teardown(long_pages_leave_places_for_others, begin, end),
		cmocka_unit_test_setup_teardown(one_visitor_cannot_wait_with_everything, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
