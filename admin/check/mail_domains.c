/* Do `domains` and Postfix name the same domains? */
#include <string.h>

#include "admin/check/check.h"

/* The name of a host, to which programs of this machine write, is no domain of people. */
static bool
is_host(const struct check *check, const char *domain)
{
	return g_ascii_strcasecmp(domain, postfix_value(check->postfix, NULL, "myhostname")) == 0 ||
	       g_ascii_strcasecmp(domain, check->settings->hostname) == 0 ||
	       g_ascii_strcasecmp(domain, g_get_host_name()) == 0 ||
	       g_ascii_strncasecmp(domain, "localhost", strlen("localhost")) == 0 ||
	       strchr(domain, '.') == NULL;
}

/* Below a domain of ours, it may be that of a machine. */
static bool
is_ours(const struct check *check, const char *domain)
{
	for (char **own = check->settings->domains; *own != NULL; own++) {
		g_autofree char *below = g_strconcat(".", *own, NULL);
		g_autofree char *folded = g_ascii_strdown(domain, -1);

		if (strcmp(folded, *own) == 0 || g_str_has_suffix(folded, below))
			return true;
	}
	return false;
}

/* Tables and exceptions are left aside. */
static bool
is_domain(const char *word)
{
	return strpbrk(word, ":/!$") == NULL;
}

bool
check_mail_domains(const struct check *check, char **note_r, struct fault *fault)
{
	static const char *const lists[] = {"mydestination", "virtual_mailbox_domains",
					    "virtual_alias_domains"};

	(void)note_r;
	(void)fault;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_auto(GStrv) words = postfix_list(postfix_value(check->postfix, NULL, lists[i]));

		for (char **word = words; *word != NULL; word++)
			if (is_domain(*word) && !is_host(check, *word) && !is_ours(check, *word))
				check_warn(
					check,
					"Postfix has %s in %s, and domains of postseal.conf has not: mail for it is protected as "
					"for outsiders, and who writes from there counts as one; add it to domains",
					*word, lists[i]);
	}
	return true;
}
