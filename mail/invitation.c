#include "mail/invitation.h"

#include <string.h>

#include "mail/layout.h"

enum {
	LINE_CHARACTERS = 300,
	NOTES_CHARACTERS = 5000,
	EVENTS_MAX = 20,
	ATTENDEES_MAX = 100,
	OFFSET_MAX = 24 * 3600,
	INTERVAL_MAX = 10000,
};

/* Years 1 to 9999 on any clock. */
static const gint64 clock_min = -62135596800, clock_max = 253402300799;

/* --- memory --- */

static void
person_free(void *data)
{
	struct invitation_person *person = data;

	if (person == NULL)
		return;
	g_free(person->name);
	g_free(person->address);
	g_free(person->answer);
	g_free(person->role);
	g_free(person);
}

static void
event_free(void *data)
{
	struct invitation_event *event = data;

	g_free(event->summary);
	g_free(event->location);
	g_free(event->notes);
	g_free(event->status);
	g_free(event->start.zone);
	g_free(event->end.zone);
	g_free(event->instance.zone);
	person_free(event->organizer);
	g_ptr_array_unref(event->attendees);
	g_free(event);
}

void
invitation_free(struct invitation *invitation)
{
	if (invitation == NULL)
		return;
	g_free(invitation->method);
	g_ptr_array_unref(invitation->events);
	g_free(invitation);
}

/* --- values --- */

static char *
shortened(const char *text, glong max)
{
	return g_utf8_strlen(text, -1) > max ? g_utf8_substring(text, 0, max) : g_strdup(text);
}

/* On one line, whatever was in it. */
static void
take_line(char **to, const char *value)
{
	g_autofree char *clean = layout_line(value);

	for (char *c = clean; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	g_free(*to);
	*to = shortened(g_strstrip(clean), LINE_CHARACTERS);
	if (**to == '\0')
		g_clear_pointer(to, g_free);
}

static void
take_notes(char **to, const char *value)
{
	g_autofree char *clean = layout_line(value);

	g_free(*to);
	*to = shortened(clean, NOTES_CHARACTERS);
}

/* RFC 6068: people know addresses without the scheme. */
static void
take_address(char **to, const char *value)
{
	static const char scheme[] = "mailto:";

	take_line(to, g_ascii_strncasecmp(value, scheme, strlen(scheme)) == 0
			      ? value + strlen(scheme)
			      : value);
}

static bool
number_of(const char *value, gint64 min, gint64 max, gint64 *number_r)
{
	return g_ascii_string_to_signed(value, 10, min, max, number_r, NULL);
}

/* --- fields of an event --- */

static bool
take_clock(struct invitation_time *time, const char *value, bool is_day)
{
	time->is_given = number_of(value, clock_min, clock_max, &time->clock);
	time->is_day = is_day;
	return true;
}

/* `rest` is what follows the name of the time. */
static bool
take_time(struct invitation_time *time, const char *rest, const char *value)
{
	if (*rest == '\0' || strcmp(rest, "-day") == 0)
		return take_clock(time, value, *rest != '\0');
	if (strcmp(rest, "-zone") == 0)
		take_line(&time->zone, value);
	else if (strcmp(rest, "-offset") == 0)
		time->has_offset = number_of(value, -OFFSET_MAX, OFFSET_MAX, &time->offset);
	else
		return false;
	return true;
}

static bool
take_any_time(struct invitation_event *event, const char *name, const char *value)
{
	static const char *const names[] = {"start", "end", "instance"};
	struct invitation_time *const times[] = {&event->start, &event->end, &event->instance};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_has_prefix(name, names[i]))
			return take_time(times[i], name + strlen(names[i]), value);
	return false;
}

static enum invitation_frequency
frequency_of(const char *value)
{
	static const char *const names[] = {"daily", "weekly", "monthly", "yearly"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(value, names[i]) == 0)
			return (enum invitation_frequency)(INVITATION_DAILY + i);
	return INVITATION_OTHERWISE;
}

static bool
take_recurrence(struct invitation_recurrence *recurrence, const char *name, const char *value)
{
	if (strcmp(name, "repeats") == 0)
		recurrence->frequency = frequency_of(value);
	else if (strcmp(name, "repeats-interval") == 0)
		number_of(value, 1, INTERVAL_MAX, &recurrence->interval);
	else if (strcmp(name, "repeats-days") == 0)
		number_of(value, 0, (1 << 7) - 1, &recurrence->days);
	else if (strcmp(name, "repeats-count") == 0)
		number_of(value, 0, G_MAXINT, &recurrence->count);
	else if (strcmp(name, "repeats-until") == 0)
		recurrence->has_until = number_of(value, clock_min, clock_max, &recurrence->until);
	else if (strcmp(name, "repeats-exceptions") == 0)
		recurrence->has_exceptions = true;
	else
		return false;
	return true;
}

static bool
take_organizer(struct invitation_event *event, const char *name, const char *value)
{
	const bool is_address = strcmp(name, "organizer") == 0;

	if (!is_address && strcmp(name, "organizer-name") != 0)
		return false;
	if (event->organizer == NULL)
		event->organizer = g_new0(struct invitation_person, 1);
	if (is_address)
		take_address(&event->organizer->address, value);
	else
		take_line(&event->organizer->name, value);
	return true;
}

static bool
take_attendee(struct invitation_event *event, const char *name, const char *value)
{
	GPtrArray *all = event->attendees;
	struct invitation_person *last;

	if (strcmp(name, "attendees") == 0)
		return number_of(value, 0, G_MAXINT, &event->attendees_count);
	if (strcmp(name, "attendee") == 0 && all->len < ATTENDEES_MAX) {
		g_ptr_array_add(all, last = g_new0(struct invitation_person, 1));
		take_address(&last->address, value);
		return true;
	}
	if (all->len == 0)
		return false;
	last = g_ptr_array_index(all, all->len - 1);
	if (strcmp(name, "attendee-name") == 0)
		take_line(&last->name, value);
	else if (strcmp(name, "attendee-answer") == 0)
		take_line(&last->answer, value);
	else if (strcmp(name, "attendee-role") == 0)
		take_line(&last->role, value);
	return true;
}

static void
take_field(struct invitation_event *event, const char *name, const char *value)
{
	if (strcmp(name, "summary") == 0)
		take_line(&event->summary, value);
	else if (strcmp(name, "location") == 0)
		take_line(&event->location, value);
	else if (strcmp(name, "notes") == 0)
		take_notes(&event->notes, value);
	else if (strcmp(name, "status") == 0)
		take_line(&event->status, value);
	else if (strcmp(name, "sequence") == 0)
		number_of(value, 0, G_MAXINT, &event->sequence);
	else if (!take_any_time(event, name, value) &&
		 !take_recurrence(&event->recurrence, name, value) &&
		 !take_organizer(event, name, value))
		take_attendee(event, name, value);
}

/* --- the answer --- */

static void
add_event(struct invitation *invitation)
{
	struct invitation_event *event = g_new0(struct invitation_event, 1);

	event->recurrence.interval = 1;
	event->attendees = g_ptr_array_new_with_free_func(person_free);
	g_ptr_array_add(invitation->events, event);
}

static void
take(struct invitation *invitation, const char *name, const char *value)
{
	GPtrArray *events = invitation->events;

	if (strcmp(name, "method") == 0)
		take_line(&invitation->method, value);
	else if (strcmp(name, "events") == 0)
		number_of(value, 0, G_MAXINT, &invitation->events_count);
	else if (strcmp(name, "event") == 0 && events->len < EVENTS_MAX)
		add_event(invitation);
	else if (events->len > 0)
		take_field(g_ptr_array_index(events, events->len - 1), name, value);
}

struct invitation *
invitation_parse(const char *answer, size_t length)
{
	struct invitation *invitation = g_new0(struct invitation, 1);
	const char *end = answer + length;

	invitation->events = g_ptr_array_new_with_free_func(event_free);
	while (answer < end) {
		g_autofree char *field = g_strndup(answer, (gsize)(end - answer));
		char *equals = strchr(field, '=');

		answer += strlen(field) + 1;
		if (equals == NULL)
			continue;
		*equals = '\0';
		take(invitation, field, equals + 1);
	}
	return invitation;
}

struct invitation *
invitation_read(struct reader *reader, const char *text, struct fault *fault)
{
	g_autoptr(GBytes) answer = reader_ask(reader, "calendar", text, strlen(text), fault);
	gsize length;
	const char *bytes;

	if (answer == NULL)
		return NULL;
	bytes = g_bytes_get_data(answer, &length);
	return invitation_parse(bytes, length);
}
