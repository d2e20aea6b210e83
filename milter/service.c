#include "milter/service.h"

#include <string.h>

#include "audit/audit.h"
#include "core/log.h"
#include "core/migrate.h"
#include "core/restart.h"
#include "core/seal/key_file.h"
#include "delivery/method.h"
#include "milter/rule_metrics.h"

enum { POLL_MICROSECONDS = 50000 };

static bool
put_on_record(struct database *database, const struct policy *policy, bool is_reloaded,
	      struct fault *fault)
{
	const struct audit_policy record = {.digest = policy_digest(policy),
					    .text = policy_text(policy),
					    .files = policy_files(policy),
					    .is_reloaded = is_reloaded,
					    .program = "postseal-milter",
					    .node = policy_settings(policy)->hostname};
	g_autoptr(connection_auto) connection = database_take(database, fault);

	return connection != NULL && migrate_check(connection, fault) &&
	       policy_check_tables(policy, database, fault) &&
	       audit_policy(connection, &record, fault);
}

static struct revocation_inquiry *
revocation_of(struct database *database, const struct settings *settings)
{
	const struct revocation_settings asked = {.database = database,
						  .finder = settings->finder_socket};

	return revocation_new(&asked);
}

bool
service_init(struct service *service, const char *config, struct policy *policy,
	     struct fault *fault)
{
	const struct settings *settings = policy_settings(policy);
	const struct database_settings database = {
		.url = settings->database,
		.role = "postseal_milter",
		.connections_max = (unsigned)settings->database_connections};
	struct keystore_settings keys = {.listen = &database,
					 .keeper = settings->keeper_socket,
					 .sources = settings->keys_from,
					 .revocation = settings->revocation,
					 .gateways = settings->keys_domains};
	struct discovery_settings network = {.finder = settings->finder_socket,
					     .sources = settings->keys_from,
					     .gpg_program = settings->gpg_program};

	*service = (struct service){
		.config = g_strdup(config), .policy = policy, .at_start = policy_ref(policy)};
	g_mutex_init(&service->lock);
	service->database = database_new(&database);
	service->courier = ring_read(settings->secrets, SECRET_COURIER_PUBLIC, fault);
	if (service->courier != NULL)
		service->login = ring_read(settings->secrets, SECRET_LOGIN, fault);
	if (service->login == NULL || !put_on_record(service->database, policy, false, fault) ||
	    !ring_join(service->courier, "postseal-milter", service->database, &database, fault) ||
	    !ring_join(service->login, "postseal-milter", service->database, &database, fault))
		return false;
	keys.database = service->database;
	service->keystore = keystore_new(&keys);
	service->reader = reader_new(settings);
	service->revocation = revocation_of(service->database, settings);
	network.database = service->database;
	service->discovery = discovery_new(&network);
	return true;
}

void
service_clear(struct service *service)
{
	revocation_free(service->revocation);
	discovery_free(service->discovery);
	keystore_free(service->keystore);
	reader_free(service->reader);
	ring_free(service->courier);
	ring_free(service->login);
	database_free(service->database);
	policy_unref(service->policy);
	policy_unref(service->at_start);
	g_mutex_clear(&service->lock);
	g_free(service->config);
}

struct policy *
service_policy(struct service *service)
{
	struct policy *policy;

	g_mutex_lock(&service->lock);
	policy = policy_ref(service->policy);
	g_mutex_unlock(&service->lock);
	return policy;
}

void
service_reload(struct service *service)
{
	struct policy *policy = policy_read(service->config, methods_for_policy()), *old;
	struct fault fault;

	ring_reload(service->courier);
	ring_reload(service->login);
	if (policy != NULL && !put_on_record(service->database, policy, true, &fault)) {
		log_error("%s", fault.text);
		g_clear_pointer(&policy, policy_unref);
	}
	if (policy == NULL) {
		log_error("reloading %s failed: the policy in force is kept", service->config);
		return;
	}
	g_mutex_lock(&service->lock);
	old = service->policy;
	service->policy = policy;
	g_mutex_unlock(&service->lock);
	rule_metrics_expect(policy);
	log_info("%s reloaded: %u rules, version %.12s", service->config, policy_rule_count(policy),
		 policy_digest(policy));
	restart_warn(policy_settings(service->at_start), policy_settings(policy), "milter");
	policy_unref(old);
}

void
service_finish(struct service *service, unsigned seconds)
{
	gint64 limit = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;

	while (g_atomic_int_get(&service->messages) > 0 && g_get_monotonic_time() < limit)
		g_usleep(POLL_MICROSECONDS);
}
