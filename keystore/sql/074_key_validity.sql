-- A monitor counts keys by validity at each scrape: from this index alone, not through the certificates themselves.
create index key_validity on postseal.key (role, kind, not_after);
