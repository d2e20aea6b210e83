/* Was the machine renamed, or the portal, since mail was sent in the old name? */
#include <string.h>

#include "admin/check/check.h"

/* The name of this machine in mail is set, and neither the system nor the MTA has it any more. */
static void
warn_of_hostname(const struct check *check)
{
	const char *ours = check->settings->hostname;
	const char *theirs =
		check->postfix == NULL ? "" : postfix_value(check->postfix, NULL, "myhostname");

	if (*theirs != '\0' && g_ascii_strcasecmp(ours, theirs) != 0 &&
	    g_ascii_strcasecmp(ours, g_get_host_name()) != 0)
		check_warn(
			check,
			"hostname is %s, but Postfix says that it is %s (myhostname), and the system that it is %s: was the "
			"machine renamed? set hostname \"%s\", or take the setting out",
			ours, theirs, g_get_host_name(), theirs);
}

/* What this machine was called when it followed the same log, if nobody does so under that name
 * now, and nobody has under today's. */
static const struct statement earlier_name = {
	"check_earlier_name",
	"select split_part(source, ':', 1) from postseal.mta_log old "
	"where source = split_part(source, ':', 1) || ':' || $2 and read_at < now() - interval '5 minutes'"
	" and not exists (select from postseal.mta_log where source = $1 || ':' || $2) order by read_at desc limit 1"};

static bool
warn_of_host(const struct check *check, struct fault *fault)
{
	const char *const texts[] = {g_get_host_name(), check->settings->mta_log, NULL};
	g_autoptr(PGresult) earlier = NULL;

	if (!command_ask(check->admin, &earlier_name, texts, &earlier, fault))
		return false;
	if (PQntuples(earlier) > 0)
		check_warn(
			check,
			"this machine is called %s, and its log was last followed by one that was called %s: if it was "
			"renamed, restart the courier; postseal outbox takeover then has sent again what the old name "
			"had taken",
			g_get_host_name(), PQgetvalue(earlier, 0, 0));
	return true;
}

/* The address of the portal in the policies that were in force when what waits unread was
 * announced. */
static const struct statement other_urls = {
	"check_other_urls",
	"with used as (select f.at, lead(f.at, 1, 'infinity') over (order by f.id) as until,"
	"  substring(v.content from '(?n)^[ \t]*portal[^#\n]*[ \t]url[ \t]+\"([^\"\n]+)\"') as url"
	"  from postseal.policy_in_force f join postseal.policy_version v on v.digest = f.digest"
	"  where f.program = 'postseal-portal') "
	"select u.url, count(distinct p.id) from used u "
	"join postseal.parcel p on p.issued_at >= u.at and p.issued_at < u.until "
	"where u.url is not null and u.url <> $1"
	" and exists (select from postseal.parcel_key k where k.parcel = p.id and k.link_hash is not null and k.expires_at > now()) "
	"group by 1 order by 2 desc limit 1"};

static bool
warn_of_portal(const struct check *check, struct fault *fault)
{
	const char *url = check->settings->portal_url;
	const char *const texts[] = {url, NULL};
	g_autoptr(PGresult) other = NULL;

	if (!command_ask(check->admin, &other_urls, texts, &other, fault))
		return false;
	if (PQntuples(other) > 0)
		check_warn(
			check,
			"portal url is %s, and the links of %s messages that are still there lead to %s: have the web server "
			"answer at that name, too, until they have expired, or make new links (postseal message resend)",
			url, PQgetvalue(other, 0, 1), PQgetvalue(other, 0, 0));
	return true;
}

bool
check_names(const struct check *check, char **note_r, struct fault *fault)
{
	(void)note_r;
	warn_of_hostname(check);
	return warn_of_host(check, fault) && warn_of_portal(check, fault);
}
