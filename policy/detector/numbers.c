#include "policy/detector/numbers.h"

#include <string.h>

#include "policy/detector/symbols.h"

enum {
	BEGINNING = 3,	      /* digits that tell whether a number of a kind may begin */
	DIGITS_LEAST = 9,     /* of a number that has digits only: a social security number, */
	DIGITS_MAX = 19,      /* and a card's */
	RUN_MAX = 4096,	      /* groups that are looked at together */
	THOUSANDS_LEAST = 13, /* digits */
};

static const struct number_kind *const kinds[NUMBER_KINDS] = {
	[NUMBER_CARD] = &number_card,
	[NUMBER_AHV] = &number_ahv,
	[NUMBER_SSN] = &number_ssn,
};

/* Digits in a row, and what separates them from the group before. */
struct group {
	const char *begin, *end;
	char separator;
	bool has_line_end;
};

/* Groups that are separated as those of a number are. */
struct run {
	GArray *groups;		 /* struct group */
	size_t digits;		 /* of all groups */
	size_t line_ends, cells; /* within it */
};

/* A number that was found in a run. Others of its kind may share groups with it: those of a card
 * that is written twice are, from the second on, another card by Luhn's sum. */
struct candidate {
	enum number kind;
	char compact[DIGITS_MAX];
	size_t length;
	const char *from, *to, *first_end; /* where the shortest that begins there ends */
};

struct walk {
	const char *begin, *end;
	unsigned wanted;
	struct run run;
	GArray *candidates; /* struct candidate */
	struct number_window window;
	struct number_words words;
	number_report *report;
	void *context;
};

static const struct group *
group_at(const struct walk *walk, guint i)
{
	return &g_array_index(walk->run.groups, struct group, i);
}

static size_t
length_of(const struct group *group)
{
	return (size_t)(group->end - group->begin);
}

/* --- windows --- */

static void
window_begin(struct walk *walk, guint first)
{
	struct number_window *window = &walk->window;

	window->from = group_at(walk, first)->begin;
	window->length = window->groups = 0;
	window->separator = '\0';
	window->has_one_separator = true;
}

/* False if it has more digits than any number. */
static bool
window_add(struct walk *walk, guint i)
{
	const struct group *group = group_at(walk, i);
	struct number_window *window = &walk->window;

	if (window->length + length_of(group) > DIGITS_MAX)
		return false;
	if (window->groups == 1)
		window->separator = group->separator;
	else if (window->groups > 1 && group->separator != window->separator)
		window->has_one_separator = false;
	memcpy(window->digits + window->length, group->begin, length_of(group));
	window->length += length_of(group);
	window->lengths[window->groups++] = length_of(group);
	window->to = group->end;
	window->ends_behind_line_end = window->groups > 1 && group->has_line_end;
	window->ends_in_other_cell = window->groups > 1 && group->separator == '\t' &&
				     (window->groups == 2 || !window->has_one_separator);
	return true;
}

/* Takes groups with a line end between them for one. */
static void
window_join(struct walk *walk, guint first)
{
	struct number_window *window = &walk->window;
	size_t joined = 0;

	for (size_t i = 1; i < window->groups; i++) {
		const struct group *group = group_at(walk, first + (guint)i);

		if (group->has_line_end && group->separator == '\0')
			window->lengths[joined] += window->lengths[i];
		else
			window->lengths[++joined] = window->lengths[i];
	}
	window->groups = joined + 1;
}

static bool
is_joined_alike(const struct walk *walk, const struct group *next)
{
	return !next->has_line_end && next->separator == walk->window.separator;
}

static void
look_around(struct walk *walk, guint first, guint last)
{
	struct number_window *window = &walk->window;
	const struct group *next =
		last + 1 < walk->run.groups->len ? group_at(walk, last + 1) : NULL;

	window->is_behind = first > 0 && is_joined_alike(walk, group_at(walk, first));
	window->goes_on = next != NULL && is_joined_alike(walk, next);
}

/* 4-4-4-4, 2-2-2-2-2-2-1: the last may be shorter. */
static bool
has_even_groups(const struct number_window *window)
{
	const size_t first = window->lengths[0], last = window->lengths[window->groups - 1];

	for (size_t i = 1; i + 1 < window->groups; i++)
		if (window->lengths[i] != first)
			return false;
	return last == first || (last < first && window->groups > 2 && !window->ends_in_other_cell);
}

/* As spreadsheets show it: 7'569'217'076'985. So large an amount is none. */
static bool
is_by_thousands(const struct number_window *window)
{
	static const char separators[] = {'\'', '.', '\0'}; /* NUL: blanks */

	if (window->length < THOUSANDS_LEAST || !window->has_one_separator || window->is_behind ||
	    window->goes_on || memchr(separators, window->separator, sizeof separators) == NULL ||
	    window->lengths[0] > 3)
		return false;
	for (size_t i = 1; i < window->groups; i++)
		if (window->lengths[i] != 3)
			return false;
	return true;
}

/* Are digits, which is all there are, written evenly, without letters beside them? */
static bool
is_even_alone(const struct walk *walk, const struct number_kind *kind)
{
	const struct number_window *window = &walk->window;

	return kind->any_even_groups && has_even_groups(window) &&
	       (window->from == walk->begin || !symbol_is_letter(window->from[-1])) &&
	       (window->to == walk->end || !symbol_is_letter(*window->to));
}

/* A line end may stand within a group, if there are no other digits near. */
static bool
is_grouped_when_joined(struct walk *walk, const struct number_kind *kind)
{
	struct number_window *window = &walk->window;
	const struct number_window written = *window;
	bool is;

	window_join(walk, 0);
	is = window->groups < written.groups && kind->is_grouped(window);
	*window = written;
	return is;
}

/* `is_alone`: no other digits are near, or none on its line, or in its cell. */
static bool
is_grouped(struct walk *walk, const struct number_kind *kind, guint first, guint last,
	   bool is_alone)
{
	const bool is_run = first == 0 && last + 1 == walk->run.groups->len;

	return kind->is_grouped(&walk->window) || is_by_thousands(&walk->window) ||
	       (is_alone && is_even_alone(walk, kind)) ||
	       (is_run && walk->run.line_ends == 1 && walk->run.cells == 0 &&
		is_grouped_when_joined(walk, kind));
}

static size_t
count_line_ends(const struct walk *walk, guint first, guint last)
{
	size_t count = 0;

	for (guint i = first + 1; i <= last; i++)
		count += group_at(walk, i)->has_line_end;
	return count;
}

static bool
is_number(struct walk *walk, const struct number_kind *kind, guint first, guint last, bool is_alone)
{
	struct number_window *window = &walk->window;

	if (!kind->is_valid(window->digits, window->length))
		return false;
	if (!is_alone && count_line_ends(walk, first, last) > 1)
		return false;
	look_around(walk, first, last);
	return is_grouped(walk, kind, first, last, is_alone) &&
	       !symbols_are_piece(walk->begin, window->from, window->to, walk->end) &&
	       !number_is_in_iban(walk->begin, window, walk->end);
}

/* The kinds of numbers that begin like the window, a bit each. */
static unsigned
kinds_that_begin(const struct walk *walk)
{
	unsigned begin = 0;

	for (enum number number = 0; number < NUMBER_KINDS; number++)
		if (kinds[number] != NULL && (walk->wanted & 1u << number) != 0 &&
		    kinds[number]->begins(walk->window.digits))
			begin |= 1u << number;
	return begin;
}

static bool
has_length(const struct number_kind *kind, size_t length)
{
	return length >= kind->least && length <= kind->most;
}

/* The longest number of each kind that begins where the window does. */
struct longest {
	size_t length[NUMBER_KINDS];
	const char *to[NUMBER_KINDS], *first_end[NUMBER_KINDS];
};

static void
try_window(struct walk *walk, unsigned begin, guint first, guint last, bool is_alone,
	   struct longest *longest)
{
	for (enum number number = 0; number < NUMBER_KINDS; number++)
		if ((begin & 1u << number) != 0 && has_length(kinds[number], walk->window.length) &&
		    is_number(walk, kinds[number], first, last, is_alone)) {
			longest->length[number] = walk->window.length;
			longest->to[number] = walk->window.to;
			if (longest->first_end[number] == NULL)
				longest->first_end[number] = walk->window.to;
		}
}

static void
add_candidate(struct walk *walk, const struct longest *longest, enum number number)
{
	struct candidate candidate = {.kind = number,
				      .length = longest->length[number],
				      .from = walk->window.from,
				      .to = longest->to[number],
				      .first_end = longest->first_end[number]};

	memcpy(candidate.compact, walk->window.digits, candidate.length);
	g_array_append_val(walk->candidates, candidate);
}

static void
add_longest(struct walk *walk, const struct longest *longest)
{
	for (enum number number = 0; number < NUMBER_KINDS; number++)
		if (longest->length[number] > 0)
			add_candidate(walk, longest, number);
}

static gint
compare_ends(gconstpointer a, gconstpointer b)
{
	const struct candidate *one = a, *other = b;

	if (one->first_end != other->first_end)
		return one->first_end < other->first_end ? -1 : 1;
	return (one->from > other->from) - (one->from < other->from);
}

/* As many as have room beside each other: who ends first leaves the most to the others. */
static void
report_candidates(struct walk *walk)
{
	const char *ends[NUMBER_KINDS] = {NULL};

	if (walk->candidates->len > 1)
		g_array_sort(walk->candidates, compare_ends);
	for (guint i = 0; i < walk->candidates->len; i++) {
		const struct candidate *candidate =
			&g_array_index(walk->candidates, struct candidate, i);
		const struct number_found found = {.kind = candidate->kind,
						   .compact = candidate->compact,
						   .length = candidate->length,
						   .from = candidate->from,
						   .to = candidate->to};

		if (ends[candidate->kind] != NULL && candidate->from < ends[candidate->kind])
			continue;
		ends[candidate->kind] = candidate->first_end;
		walk->report(walk->context, &found);
	}
	g_array_set_size(walk->candidates, 0);
}

/* --- runs --- */

/* May a group of one digit belong to a window, because a line end breaks a group there? */
static bool
is_broken(const struct walk *walk, guint i)
{
	return walk->run.line_ends == 1 &&
	       (group_at(walk, i)->has_line_end ||
		(i + 1 < walk->run.groups->len && group_at(walk, i + 1)->has_line_end));
}

/* Windows within a run have no single digits, but at their ends: a long row of digits with blanks
 * between them is left at once. */
static void
try_from(struct walk *walk, guint first)
{
	struct longest longest = {0};
	unsigned begin = 0;

	window_begin(walk, first);
	for (guint i = first; i < walk->run.groups->len && window_add(walk, i); i++) {
		if (begin == 0 && walk->window.length >= BEGINNING &&
		    (begin = kinds_that_begin(walk)) == 0)
			return;
		try_window(walk, begin, first, i, false, &longest);
		if (length_of(group_at(walk, i)) < 2 && !is_broken(walk, i))
			break;
	}
	add_longest(walk, &longest);
}

/* All the groups from one to another as one number. */
static void
try_alone(struct walk *walk, guint first, guint last)
{
	struct longest longest = {0};

	if (last - first >= DIGITS_MAX)
		return;
	window_begin(walk, first);
	for (guint i = first; i <= last; i++)
		if (!window_add(walk, i))
			return;
	if (walk->window.length < BEGINNING)
		return;
	try_window(walk, kinds_that_begin(walk), first, last, true, &longest);
	add_longest(walk, &longest);
}

static bool
begins_line(const struct group *group)
{
	return group->has_line_end;
}

static bool
begins_line_or_cell(const struct group *group)
{
	return group->has_line_end || group->separator == '\t';
}

static void
try_pieces(struct walk *walk, bool (*begins)(const struct group *group))
{
	guint first = 0;

	for (guint i = 1; i <= walk->run.groups->len; i++)
		if (i == walk->run.groups->len || begins(group_at(walk, i))) {
			if (i - first > 1)
				try_alone(walk, first, i - 1);
			first = i;
		}
}

static void
try_run(struct walk *walk)
{
	const guint count = walk->run.groups->len;

	if (walk->run.digits < DIGITS_LEAST)
		return;
	for (guint i = 0; i < count; i++)
		try_from(walk, i);
	if (count > 1)
		try_alone(walk, 0, count - 1);
	if (walk->run.line_ends > 0)
		try_pieces(walk, begins_line);
	if (walk->run.cells > 0)
		try_pieces(walk, begins_line_or_cell);
	report_candidates(walk);
}

static const char *
find_digit(const char *at, const char *end)
{
	while (at < end && !g_ascii_isdigit(*at))
		at++;
	return at;
}

static const char *
skip_digits(const char *at, const char *end)
{
	while (at < end && g_ascii_isdigit(*at))
		at++;
	return at;
}

static void
add_group(struct walk *walk, const char *at, const struct symbol_gap *gap)
{
	const struct group group = {.begin = at,
				    .end = skip_digits(at, walk->end),
				    .separator = gap->separator,
				    .has_line_end = gap->has_line_end};

	g_array_append_val(walk->run.groups, group);
	walk->run.digits += length_of(&group);
	walk->run.line_ends += gap->has_line_end;
	walk->run.cells += gap->separator == '\t';
}

/* Returns the end of the run whose first group begins at `at`. */
static const char *
read_run(struct walk *walk, const char *at)
{
	struct symbol_gap gap = {0};

	g_array_set_size(walk->run.groups, 0);
	walk->run.digits = walk->run.line_ends = walk->run.cells = 0;
	add_group(walk, at, &gap);
	for (guint last = 0; last < RUN_MAX; last++) {
		at = group_at(walk, last)->end;
		if (!symbols_gap(at, walk->end, &gap) || !g_ascii_isdigit(*gap.next))
			return at;
		add_group(walk, gap.next, &gap);
	}
	/* A number may stand across the end. */
	return group_at(walk, RUN_MAX - DIGITS_MAX)->begin;
}

static void
look_for_ibans(struct walk *walk)
{
	struct number_iban iban;

	for (guint i = 0; i < walk->run.groups->len; i++)
		if (number_iban_at(walk->begin, group_at(walk, i)->begin, walk->end, &iban)) {
			struct number_found found = {.kind = NUMBER_IBAN,
						     .compact = iban.compact,
						     .length = iban.length,
						     .from = iban.from,
						     .to = iban.to};

			walk->report(walk->context, &found);
		}
}

void
numbers_each(const GString *symbols, unsigned wanted, number_report *report, void *context)
{
	struct walk walk = {.begin = symbols->str,
			    .end = symbols->str + symbols->len,
			    .wanted = wanted,
			    .run.groups = g_array_new(FALSE, FALSE, sizeof(struct group)),
			    .candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate)),
			    .report = report,
			    .context = context};

	walk.window.begin = walk.begin;
	walk.window.end = walk.end;
	walk.window.words = &walk.words;
	for (const char *at = find_digit(walk.begin, walk.end); at < walk.end;
	     at = find_digit(at, walk.end)) {
		at = read_run(&walk, at);
		if ((wanted & 1u << NUMBER_IBAN) != 0)
			look_for_ibans(&walk);
		try_run(&walk);
	}
	g_array_unref(walk.run.groups);
	g_array_unref(walk.candidates);
}
