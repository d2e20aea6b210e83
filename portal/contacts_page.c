#include "portal/contacts_page.h"

#include "portal/answer.h"
#include "portal/contacts.h"
#include "portal/folder_page.h"

static void
list_contact(const struct request *request, struct page *page, const struct contact *contact)
{
	g_autofree char *count = folder_page_count(request, contact->messages, 0);
	g_autofree char *at = request_date(request, contact->at);
	g_autofree char *when = g_strconcat(count, ", ", at, NULL);

	page_repeat(page, "contact");
	page_text_if_any(page, "contact-name", contact->name);
	page_text(page, "contact-address", contact->address);
	page_text(page, "contact-when", when);
	page_attribute(page, "contact-to", "value", contact->address);
	page_attribute(page, "contact-words", "value", contact->address);
}

enum MHD_Result
contacts_page_show(struct request *request)
{
	struct fault fault;
	g_autoptr(GPtrArray) contacts =
		contacts_all(request->connection, &request->session, &fault);
	g_autoptr(page_auto) page = NULL;

	if (contacts == NULL)
		return answer_fault(request, &fault);
	page = answer_begin(request, "contacts.html");
	for (guint i = 0; i < contacts->len; i++)
		list_contact(request, page, g_ptr_array_index(contacts, i));
	page_repeat_end(page, "contact");
	page_choose(page, contacts->len > 0, "contacts", "none");
	return answer_page(request, MHD_HTTP_OK, page);
}
