-- The courier tells a monitor how long keys are valid; it reads nothing else of them.
grant select (role, kind, not_after) on postseal.key to postseal_courier;
