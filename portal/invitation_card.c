#include "portal/invitation_card.h"

#include <string.h>

#include "core/catalogue.h"
#include "core/log.h"
#include "mail/display_name.h"
#include "mail/invitation.h"
#include "portal/invitation_when.h"
#include "portal/prose_view.h"

/* Of a page. Real calendars take some milliseconds each. */
enum {
	CARDS_MAX = 50,
	FILES_MAX = 25, /* each one is work for postseal-reader */
	BYTES_MAX = 1024 * 1024,
	MILLISECONDS_MAX = 1000,
	/* Of one message of it. */
	MESSAGE_CARDS_MAX = 10,
	MESSAGE_FILES_MAX = 5,
};

/* Those of one message. */
struct cards {
	struct invitation_cards *all;
	const struct request *request;
	const struct layout *layout;
	const char *path;
	xmlNode *place;
	GHashTable *seen; /* the same file comes as an alternative and attached */
	guint files, count;
};

/* --- what it is --- */

static bool
is(const char *value, const char *word)
{
	return value != NULL && g_ascii_strcasecmp(value, word) == 0;
}

/* RFC 5546 §1.4; a cancelled event may also be a request. */
static const char *
title_of(const struct invitation *invitation, const struct invitation_event *event)
{
	static const struct {
		const char *method, *title;
	} titles[] = {
		{"REPLY", N_("Answer to an invitation")},
		{"ADD", N_("Further dates of a series")},
		{"COUNTER", N_("Proposal to change an event")},
		{"DECLINECOUNTER", N_("The proposed change was declined")},
		{"REFRESH", N_("Request for the current version of an event")},
	};

	if (is(invitation->method, "CANCEL") || is(event->status, "CANCELLED"))
		return N_("Cancelled event");
	if (is(invitation->method, "REQUEST"))
		return event->sequence > 0 ? N_("Changed invitation") : N_("Invitation");
	for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
		if (is(invitation->method, titles[i].method))
			return titles[i].title;
	return N_("Event");
}

/* --- rows --- */

static xmlNode *
add_row(const struct cards *cards, xmlNode *list, const char *label)
{
	xmlNode *term = page_add(list, "dt");

	page_add_text(term, request_say(cards->request, label));
	return page_add(list, "dd");
}

static void
add_text_row(const struct cards *cards, xmlNode *list, const char *label, const char *text)
{
	if (text != NULL)
		page_add_text(add_row(cards, list, label), text);
}

/* The address comes first where the name could be taken for another one, or hide it. */
static char *
person_text(const struct invitation_person *person)
{
	const char *address = person->address == NULL ? "-" : person->address;

	if (person->name == NULL || is(person->address, person->name))
		return g_strdup(address);
	if (!display_name_is_plain(person->name))
		return g_strdup_printf("%s (%s)", address, person->name);
	return person->address == NULL ? g_strdup(person->name)
				       : g_strdup_printf("%s <%s>", person->name, address);
}

static const char *
answer_text(const struct cards *cards, const char *answer)
{
	static const struct {
		const char *answer, *text;
	} answers[] = {
		{"ACCEPTED", N_("accepted")},
		{"DECLINED", N_("declined")},
		{"TENTATIVE", N_("accepted tentatively")},
		{"DELEGATED", N_("delegated")},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		if (is(answer, answers[i].answer))
			return request_say(cards->request, answers[i].text);
	return request_say(cards->request, "no answer yet");
}

static void
add_attendee(const struct cards *cards, xmlNode *list, const struct invitation_person *person)
{
	xmlNode *entry = page_add(list, "li"), *hint;
	g_autofree char *who = person_text(person);

	page_add_text(entry, who);
	page_add_text(entry, " ");
	hint = page_add(entry, "span");
	page_set(hint, "class", "hint");
	page_add_text(hint, answer_text(cards, person->answer));
	if (is(person->role, "OPT-PARTICIPANT")) {
		page_add_text(hint, ", ");
		page_add_text(hint, request_say(cards->request, "optional"));
	}
}

static void
add_attendees(const struct cards *cards, xmlNode *rows, const struct invitation *invitation,
	      const struct invitation_event *event)
{
	const gint64 more = event->attendees_count - event->attendees->len;
	xmlNode *list;

	if (event->attendees->len == 0)
		return;
	list = page_add(add_row(cards, rows,
				is(invitation->method, "REPLY") ? N_("Answer") : N_("Invited")),
			"ul");
	for (guint i = 0; i < event->attendees->len; i++)
		add_attendee(cards, list, g_ptr_array_index(event->attendees, i));
	if (more > 0) {
		g_autofree char *rest =
			g_strdup_printf(request_say(cards->request, "and %u more"), (unsigned)more);

		page_add_text(page_add(list, "li"), rest);
	}
}

static void
add_place(const struct cards *cards, xmlNode *rows, const char *location)
{
	if (location != NULL)
		prose_view_line(add_row(cards, rows, N_("Where")), location);
}

/* The mail's text usually says the same: the notes are for mail without one. */
static void
add_notes(const struct cards *cards, xmlNode *rows, const char *notes)
{
	xmlNode *row;

	if (notes == NULL || cards->layout->body->len > 0)
		return;
	row = add_row(cards, rows, N_("Notes"));
	page_set(row, "class", "notes");
	prose_view_line(row, notes);
}

static void
add_rows(const struct cards *cards, xmlNode *card, const struct invitation *invitation,
	 const struct invitation_event *event)
{
	const char *language = cards->request->web.language;
	xmlNode *rows = page_add(card, "dl");
	g_autofree char *when = invitation_when(language, event);
	g_autofree char *instance = invitation_instance(language, event);
	g_autofree char *repeats = invitation_repeats(language, event);
	g_autofree char *organizer =
		event->organizer == NULL ? NULL : person_text(event->organizer);

	add_text_row(cards, rows, N_("When"), when);
	add_text_row(cards, rows, N_("Repeats"), repeats);
	add_text_row(cards, rows, N_("Date in the series"), instance);
	add_place(cards, rows, event->location);
	if (is(event->status, "TENTATIVE"))
		add_text_row(cards, rows, N_("Status"),
			     request_say(cards->request, "not confirmed yet"));
	add_text_row(cards, rows, N_("Organizer"), organizer);
	add_attendees(cards, rows, invitation, event);
	add_notes(cards, rows, event->notes);
}

/* --- cards --- */

static void
add_link(const struct cards *cards, xmlNode *card, const struct layout_part *part, guint number)
{
	g_autofree char *place =
		g_strdup_printf("/attachment/%s/%s%s%u", cards->all->item->id.text, cards->path,
				*cards->path == '\0' ? "" : ".", number);
	xmlNode *link;

	if (!cards->all->offers_file)
		return;
	link = page_add(page_add(card, "p"), "a");
	page_set(link, "href", place);
	page_set(link, "download", part->name);
	page_add_text(link, request_say(cards->request, "Download for your calendar"));
}

static xmlNode *
add_card(struct cards *cards, const struct invitation *invitation,
	 const struct invitation_event *event)
{
	xmlNode *card = page_add(cards->place, "section"), *kind;

	page_set(card, "class", "invitation");
	kind = page_add(card, "p");
	page_set(kind, "class", "hint");
	page_add_text(kind, request_say(cards->request, title_of(invitation, event)));
	page_add_text(page_add(card, "h2"), event->summary == NULL
						    ? request_say(cards->request, "(no title)")
						    : event->summary);
	add_rows(cards, card, invitation, event);
	cards->count++;
	cards->all->cards_left--;
	return card;
}

static void
say_more(const struct cards *cards, const struct invitation *invitation, guint shown)
{
	xmlNode *hint;

	if (invitation->events_count <= shown)
		return;
	hint = page_add(cards->place, "p");
	page_set(hint, "class", "hint");
	page_add_text(hint, request_say(cards->request,
					"The calendar file has more events. Download it to see "
					"all of them."));
}

static void
add_cards(struct cards *cards, const struct invitation *invitation, const struct layout_part *part,
	  guint number)
{
	guint i;
	xmlNode *card = NULL;

	for (i = 0; i < invitation->events->len && cards->count < MESSAGE_CARDS_MAX &&
		    cards->all->cards_left > 0;
	     i++)
		card = add_card(cards, invitation, g_ptr_array_index(invitation->events, i));
	if (card != NULL)
		add_link(cards, card, part, number);
	say_more(cards, invitation, i);
}

/* --- files --- */

static bool
is_calendar(const struct layout_part *part)
{
	return strcmp(part->type, "text/calendar") == 0 ||
	       strcmp(part->type, "application/ics") == 0;
}

/* NULL: it is not read, or was read already. */
static char *
new_text(struct cards *cards, const struct layout_part *part)
{
	struct fault fault;
	bool is_cut;
	char *text =
		content_text(&cards->all->item->content, part, INVITATION_MAX, &is_cut, &fault);
	g_autofree char *key = NULL;

	if (text == NULL) {
		log_error("%s: %s", cards->request->route->path, fault.text);
		return NULL;
	}
	cards->all->bytes_left -= MIN(cards->all->bytes_left, strlen(text));
	key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	if (is_cut || !g_hash_table_add(cards->seen, g_steal_pointer(&key)))
		g_clear_pointer(&text, g_free);
	return text;
}

/* If postseal-reader cannot read it, it is not asked again for this page. */
static void
read_file(struct cards *cards, const struct layout_part *part, guint number)
{
	g_autofree char *text = new_text(cards, part);
	g_autoptr(invitation_auto) invitation = NULL;
	struct fault fault;

	if (text == NULL)
		return;
	cards->files++;
	cards->all->files_left--;
	invitation = invitation_read(cards->request->portal->reader, text, &fault);
	if (invitation == NULL) {
		log_error("%s: %s", cards->request->route->path, fault.text);
		cards->all->files_left = 0;
		return;
	}
	add_cards(cards, invitation, part, number);
}

static bool
may_read(const struct cards *cards)
{
	const struct invitation_cards *all = cards->all;

	return cards->files < MESSAGE_FILES_MAX && all->files_left > 0 && all->cards_left > 0 &&
	       all->bytes_left > 0 && all->time_left > 0;
}

static void
read_in_time(struct cards *cards, const struct layout_part *part, guint number)
{
	const gint64 begun = g_get_monotonic_time();

	read_file(cards, part, number);
	cards->all->time_left -= g_get_monotonic_time() - begun;
}

struct invitation_cards
invitation_cards_begin(const struct request *request, const struct mailbox_item *item,
		       bool offers_file)
{
	return (struct invitation_cards){.request = request,
					 .item = item,
					 .offers_file = offers_file,
					 .files_left = FILES_MAX,
					 .cards_left = CARDS_MAX,
					 .bytes_left = BYTES_MAX,
					 .time_left = MILLISECONDS_MAX *
						      (gint64)G_TIME_SPAN_MILLISECOND};
}

void
invitation_cards_fill(struct invitation_cards *all, struct page *page, const char *name,
		      const struct layout *layout, const char *path)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct cards cards = {.all = all,
			      .request = all->request,
			      .layout = layout,
			      .path = path,
			      .place = page_emptied(page, name),
			      .seen = seen};

	/* An organisation's own page may be older than this. */
	if (cards.place == NULL)
		return;
	for (guint i = 0; i < layout->attachments->len && may_read(&cards); i++) {
		const struct layout_part *part = g_ptr_array_index(layout->attachments, i);

		if (is_calendar(part))
			read_in_time(&cards, part, i);
	}
	if (cards.count == 0)
		page_remove(page, name);
}
