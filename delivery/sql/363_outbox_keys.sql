-- Rules without trust ask nothing of a key but that somebody who counts still says whose it is, and that it was not revoked:
-- that too is looked at again before a copy leaves, whatever its rule asks.
alter table postseal.outbox_trust add column chain text[]; -- fingerprints, from the certificate up to the root; null: none
create or replace function postseal.outbox_distrust(which uuid) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select case
        when level < asked
            then format('the %s %s of %s is no longer trusted as far as your organisation''s rules require (%s; it was %s or more)',
                        what, left(subject, 16), address, level, asked)
        else format('the %s %s of %s may no longer be used (%s)', what, left(subject, 16), address, lapse) end
    from (select t.*, case kind when 'pgp' then 'OpenPGP key' else 'certificate' end as what,
                 case when asked > 'none' then
                     trust_level(sender, kind, subject, address, colleagues,
                                 (select k.trust from key k where k.kind = 'smime' and k.role = 'root' and k.fingerprint = authority))
                 end as level,
                 key_lapse(kind, subject, address, chain) as lapse
          from outbox_trust t where outbox = which) as now
    where level < asked or lapse is not null order by number limit 1;
$$;
