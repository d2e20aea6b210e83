/* What calendar files say is what people read, from the bytes to the words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/catalogue.h"
#include "mail/document/calendar.h"
#include "portal/invitation_when.h"

/* As Exchange writes it, and as Apple and Google do. */
static const char zones[] =
	"BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\n"
	"BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
	"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
	"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
	"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
	"BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n"
	"BEGIN:DAYLIGHT\r\nTZOFFSETFROM:-0500\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n"
	"DTSTART:20070311T020000\r\nTZNAME:EDT\r\nTZOFFSETTO:-0400\r\nEND:DAYLIGHT\r\n"
	"BEGIN:STANDARD\r\nTZOFFSETFROM:-0400\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\n"
	"DTSTART:20071104T020000\r\nTZNAME:EST\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n"
	"END:VTIMEZONE\r\n"
	"BEGIN:VTIMEZONE\r\nTZID:Asia/Kolkata\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
	"TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	"BEGIN:VTIMEZONE\r\nTZID:Named\r\nBEGIN:STANDARD\r\nDTSTART:20200101T000000\r\n"
	"TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n"
	"BEGIN:DAYLIGHT\r\nDTSTART:20200601T000000\r\nRDATE:20260601T000000\r\n"
	"TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0400\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
	"BEGIN:VTIMEZONE\r\nTZID:Bomb\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
	"RRULE:FREQ=SECONDLY\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n"
	"END:VTIMEZONE\r\n";

static struct invitation *
read_calendar(const char *calendar)
{
	g_autoptr(GString) answer = g_string_new(NULL);

	calendar_read(calendar, strlen(calendar), answer);
	return invitation_parse(answer->str, answer->len);
}

static struct invitation *
read_event(const char *lines)
{
	g_autofree char *calendar =
		g_strconcat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", zones, "BEGIN:VEVENT\r\n", lines,
			    "END:VEVENT\r\nEND:VCALENDAR\r\n", NULL);
	struct invitation *invitation = read_calendar(calendar);

	assert_int_equal(invitation->events->len, 1);
	return invitation;
}

struct words {
	const char *lines, *words;
};

static void
check(const struct words *cases, size_t count, const char *language,
      char *(*say)(const char *language, const struct invitation_event *event))
{
	for (size_t i = 0; i < count; i++) {
		g_autoptr(invitation_auto) invitation = read_event(cases[i].lines);
		g_autofree char *said = say(language, g_ptr_array_index(invitation->events, 0));

		if (g_strcmp0(said, cases[i].words) != 0)
			fail_msg("%s\n%s\nand not\n%s", cases[i].lines, said, cases[i].words);
	}
}

static void
times_are_as_written_with_their_offset(void **state)
{
	static const struct words cases[] = {
		{"DTSTART;TZID=W. Europe Standard Time:20261124T150000\r\n"
		 "DTEND;TZID=W. Europe Standard Time:20261124T160000\r\n",
		 "Tuesday, 24 Nov 2026, 15:00 – 16:00 (W. Europe Standard Time, UTC+01:00)"},
		{"DTSTART;TZID=\"W. Europe Standard Time\":20260724T150000\r\nDURATION:PT90M\r\n",
		 "Friday, 24 Jul 2026, 15:00 – 16:30 (W. Europe Standard Time, UTC+02:00)"},
		/* On the days of change, before and after */
		{"DTSTART;TZID=W. Europe Standard Time:20261025T015900\r\n",
		 "Sunday, 25 Oct 2026, 01:59 (W. Europe Standard Time, UTC+02:00)"},
		{"DTSTART;TZID=W. Europe Standard Time:20261025T030000\r\n",
		 "Sunday, 25 Oct 2026, 03:00 (W. Europe Standard Time, UTC+01:00)"},
		{"DTSTART;TZID=America/New_York:20260307T200000\r\n"
		 "DTEND;TZID=America/New_York:20260308T020000\r\n",
		 "Saturday, 7 Mar 2026, 20:00 (America/New_York, UTC-05:00) – Sunday, 8 Mar 2026, "
		 "02:00 (America/New_York, UTC-04:00)"},
		{"DTSTART;TZID=America/New_York:20260110T200000\r\n",
		 "Saturday, 10 Jan 2026, 20:00 (America/New_York, UTC-05:00)"},
		{"DTSTART;TZID=Asia/Kolkata:20261124T093000\r\n",
		 "Tuesday, 24 Nov 2026, 09:30 (Asia/Kolkata, UTC+05:30)"},
		{"DTSTART;TZID=Named:20260501T093000\r\n",
		 "Friday, 1 May 2026, 09:30 (Named, UTC+04:00)"},
		/* From one zone to another: a flight */
		{"DTSTART;TZID=W. Europe Standard Time:20261124T100000\r\n"
		 "DTEND;TZID=America/New_York:20261124T130000\r\n",
		 "Tuesday, 24 Nov 2026, 10:00 (W. Europe Standard Time, UTC+01:00) – 13:00 "
		 "(America/New_York, UTC-05:00)"},
		/* A zone that is not described, and one whose rules are not read */
		{"DTSTART;TZID=Europe/Berlin:20261124T150000\r\n",
		 "Tuesday, 24 Nov 2026, 15:00 (Europe/Berlin)"},
		{"DTSTART;TZID=Bomb:20261124T150000\r\n", "Tuesday, 24 Nov 2026, 15:00 (Bomb)"},
		{"DTSTART:20261124T150000\r\n", "Tuesday, 24 Nov 2026, 15:00"},
		/* Local time of this place: TZ is set to Tokyo's */
		{"DTSTART:20261124T140000Z\r\nDTEND:20261124T143000Z\r\n",
		 "Tuesday, 24 Nov 2026, 23:00 – 23:30 (UTC+09:00)"},
		{"DTSTART;VALUE=DATE:20261124\r\n", "Tuesday, 24 Nov 2026, all day"},
		{"DTSTART;VALUE=DATE:20261124\r\nDTEND;VALUE=DATE:20261125\r\n",
		 "Tuesday, 24 Nov 2026, all day"},
		{"DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n",
		 "Thursday, 24 Dec 2026 – Saturday, 26 Dec 2026, all day"},
		{"DTSTART;VALUE=DATE:20261124\r\nDURATION:P2D\r\n",
		 "Tuesday, 24 Nov 2026 – Wednesday, 25 Nov 2026, all day"},
		{"DTSTART:99999999T999999\r\n", NULL},
		{"DTSTART:x\r\n", NULL},
		{"SUMMARY:x\r\n", NULL},
	};
	static const struct words german[] = {
		{"DTSTART;TZID=W. Europe Standard Time:20261124T150000\r\nDURATION:PT1H\r\n",
		 "Dienstag, 24.11.2026, 15:00 – 16:00 (W. Europe Standard Time, UTC+01:00)"},
		{"DTSTART;VALUE=DATE:20261124\r\n", "Dienstag, 24.11.2026, ganztägig"},
	};

	(void)state;
	check(cases, G_N_ELEMENTS(cases), "en", invitation_when);
	check(german, G_N_ELEMENTS(german), "de", invitation_when);
}

#define START "DTSTART;VALUE=DATE:20261124\r\n"

static void
recurrence_is_said_in_words_only_where_they_are_all_of_it(void **state)
{
	static const struct words cases[] = {
		{START, NULL},
		{START "RRULE:FREQ=DAILY\r\n", "every day"},
		{START "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=5\r\n", "every 3 days; 5 times"},
		{START "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,MO;WKST=MO;UNTIL=20261224\r\n"
		       "EXDATE;VALUE=DATE:20261201\r\n",
		 "every 2 weeks: Monday, Thursday; until 24 Dec 2026; with exceptions"},
		{START "RRULE:FREQ=MONTHLY;BYMONTHDAY=24;INTERVAL=1\r\n", "every month"},
		{START "RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=24\r\n", "every year"},
		{START "RRULE:FREQ=YEARLY\r\n", "every year"},
		/* More to it than these words */
		{START "RRULE:FREQ=MONTHLY;BYDAY=2TU\r\n", "repeats"},
		{START "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1\r\n", "repeats"},
		{START "RRULE:FREQ=DAILY;BYDAY=MO,TU\r\n", "repeats"},
		{START "RRULE:FREQ=YEARLY;BYMONTH=5\r\n", "repeats"},
		{START "RRULE:FREQ=YEARLY;BYMONTHDAY=24\r\n", "repeats"},
		{START "RRULE:FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1\r\n", "repeats"},
		{START "RRULE:FREQ=WEEKLY;BYHOUR=9,17\r\n", "repeats"},
		{START "RRULE:FREQ=SECONDLY\r\n", "repeats"},
		{START "RRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY\r\n", "repeats"},
		{START "RRULE:FREQ=DAILY\r\nRDATE;VALUE=DATE:20270101\r\n", "repeats"},
		{START "RDATE;VALUE=DATE:20270101\r\n", "repeats"},
	};
	static const struct words polish[] = {
		{START "RRULE:FREQ=WEEKLY;INTERVAL=2\r\n", "co 2 tygodnie"},
		{START "RRULE:FREQ=WEEKLY;INTERVAL=5\r\n", "co 5 tygodni"},
	};

	(void)state;
	check(cases, G_N_ELEMENTS(cases), "en", invitation_repeats);
	check(polish, G_N_ELEMENTS(polish), "pl", invitation_repeats);
}

static void
change_of_one_date_says_which(void **state)
{
	static const struct words cases[] = {
		{START, NULL},
		{START "RECURRENCE-ID;TZID=W. Europe Standard Time:20261125T150000\r\n",
		 "Wednesday, 25 Nov 2026, 15:00 (W. Europe Standard Time, UTC+01:00)"},
		{START "RECURRENCE-ID;VALUE=DATE:20261125\r\n", "Wednesday, 25 Nov 2026"},
	};

	(void)state;
	check(cases, G_N_ELEMENTS(cases), "en", invitation_instance);
}

static void
people_and_texts_are_clean_and_bounded(void **state)
{
	g_autoptr(GString) lines = g_string_new(
		"SUMMARY:Meeting\\, \xe2\x80\xaegnp\\nsecond line\r\nSEQUENCE:3\r\n"
		"ORGANIZER;CN=\"Becker, Anna\":MAILTO:anna@example.com\r\n"
		"ATTENDEE;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT;CN=Bob:mailto:bob@b.example\r\n"
		"ATTENDEE:mailto:no-name@b.example\r\n");
	g_autoptr(invitation_auto) invitation = NULL;
	const struct invitation_event *event;
	const struct invitation_person *first;

	(void)state;
	for (int i = 0; i < 500; i++)
		g_string_append_printf(lines, "ATTENDEE:mailto:%d@b.example\r\n", i);
	invitation = read_event(lines->str);
	event = g_ptr_array_index(invitation->events, 0);
	first = g_ptr_array_index(event->attendees, 0);
	assert_string_equal(event->summary, "Meeting, gnp second line");
	assert_int_equal(event->sequence, 3);
	assert_string_equal(event->organizer->name, "Becker, Anna");
	assert_string_equal(event->organizer->address, "anna@example.com");
	assert_string_equal(first->name, "Bob");
	assert_string_equal(first->address, "bob@b.example");
	assert_string_equal(first->answer, "ACCEPTED");
	assert_string_equal(first->role, "OPT-PARTICIPANT");
	assert_int_equal(event->attendees->len, 100);
	assert_int_equal(event->attendees_count, 502);
}

static void
several_events_keep_their_order_and_their_zones(void **state)
{
	static const char event[] = "BEGIN:VEVENT\r\nSUMMARY:%d\r\n"
				    "DTSTART;TZID=Asia/Kolkata:20261124T093000\r\nEND:VEVENT\r\n";
	g_autoptr(GString) calendar = g_string_new("BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\n");
	g_autoptr(invitation_auto) invitation = NULL;

	(void)state;
	g_string_append(calendar, zones);
	for (int i = 0; i < 30; i++) {
		g_string_append_printf(calendar, event, i);
	}
	g_string_append(calendar, "END:VCALENDAR\r\n");
	invitation = read_calendar(calendar->str);
	assert_string_equal(invitation->method, "CANCEL");
	assert_int_equal(invitation->events->len, 20);
	assert_int_equal(invitation->events_count, 30);
	for (guint i = 0; i < invitation->events->len; i++) {
		const struct invitation_event *each = g_ptr_array_index(invitation->events, i);
		g_autofree char *number = g_strdup_printf("%u", i);

		assert_string_equal(each->summary, number);
		assert_true(each->start.has_offset);
		assert_int_equal(each->start.offset, 19800);
	}
}

static void
answer_of_a_reader_that_was_taken_over_is_harmless(void **state)
{
	static const char answer[] =
		"summary=before any event\0attendee=x\0event=1\0start=99999999999999999999\0"
		"start-offset=99999999\0repeats=weekly\0repeats-interval=-1\0repeats-days=255\0"
		"attendee-name=of nobody\0end\0=\0\0attendees=-5\0sequence=1 OR 1=1\0"
		"organizer-name=\xff\xfe\1\n";
	g_autoptr(invitation_auto) invitation = invitation_parse(answer, sizeof answer - 1);
	const struct invitation_event *event;
	g_autofree char *when = NULL, *repeats = NULL;

	(void)state;
	assert_int_equal(invitation->events->len, 1);
	event = g_ptr_array_index(invitation->events, 0);
	assert_null(event->summary);
	assert_false(event->start.is_given);
	assert_false(event->start.has_offset);
	assert_int_equal(event->recurrence.interval, 1);
	assert_int_equal(event->recurrence.days, 0);
	assert_int_equal(event->attendees->len, 0);
	assert_int_equal(event->attendees_count, 0);
	assert_int_equal(event->sequence, 0);
	assert_true(g_utf8_validate(event->organizer->name, -1, NULL));
	when = invitation_when("en", event);
	repeats = invitation_repeats("en", event);
	assert_null(when);
	assert_string_equal(repeats, "every week");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_as_written_with_their_offset),
		cmocka_unit_test(recurrence_is_said_in_words_only_where_they_are_all_of_it),
		cmocka_unit_test(change_of_one_date_says_which),
		cmocka_unit_test(people_and_texts_are_clean_and_bounded),
		cmocka_unit_test(several_events_keep_their_order_and_their_zones),
		cmocka_unit_test(answer_of_a_reader_that_was_taken_over_is_harmless),
	};
	struct fault fault;

	setenv("TZ", "Asia/Tokyo", 1);
	calendar_start();
	if (!catalogue_start("", &fault))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
