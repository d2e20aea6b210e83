-- What was decided on and handed to the MTA, by its imprint (mail/imprint.h): where the MTA offers it once more, as when it
-- is requeued in a placement with two passes, it is not decided again.
create table postseal.decided (
    imprint bytea not null,
    address text not null,       -- folded
    kind text not null,          -- as in outbox
    verified boolean not null,   -- only over verified TLS
    until timestamptz not null
);
create index decided_imprint on postseal.decided (imprint);
create index decided_until on postseal.decided (until);

grant insert on postseal.decided to postseal_milter, postseal_portal, postseal_courier;
grant select on postseal.decided to postseal_milter;
grant select, delete on postseal.decided to postseal_courier;
