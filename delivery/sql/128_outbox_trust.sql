-- What a copy in the outbox was sealed to, and how far its rule asks that the key be trusted: a copy whose key is trusted
-- less by the time it would leave is returned to its sender.
create table postseal.outbox_trust (
    outbox uuid not null references postseal.outbox on delete cascade,
    number integer not null,
    kind text not null,
    subject text not null,                -- fingerprint
    address text not null,
    sender text not null,
    asked postseal.trust_level not null,
    colleagues integer not null,
    authority text,                       -- fingerprint of the root that vouched for it
    primary key (outbox, number)
);
grant insert on postseal.outbox_trust to postseal_milter;

-- Null: all its keys are trusted as far as asked.
create function postseal.outbox_distrust(which uuid) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select format('the %s %s of %s is no longer trusted as far as your organisation''s rules require (%s; it was %s or more)',
                  case kind when 'pgp' then 'OpenPGP key' else 'certificate' end, left(subject, 16), address, level, asked)
    from (select t.*, greatest(trust_level(sender, kind, subject, address, colleagues),
                               (select k.trust from key k where k.kind = 'smime' and k.role = 'root' and k.fingerprint = authority)) as level
          from outbox_trust t where outbox = which) as now
    where level < asked order by number limit 1;
$$;
revoke execute on function postseal.outbox_distrust from public;
grant execute on function postseal.outbox_distrust to postseal_courier;
