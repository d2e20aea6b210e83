-- What an authority says of a key counts for what waits as it does for a decision.
create or replace function postseal.outbox_distrust(which uuid) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select format('the %s %s of %s is no longer trusted as far as your organisation''s rules require (%s; it was %s or more)',
                  case kind when 'pgp' then 'OpenPGP key' else 'certificate' end, left(subject, 16), address, level, asked)
    from (select t.*, trust_level(sender, kind, subject, address, colleagues,
                                  (select k.trust from key k where k.kind = 'smime' and k.role = 'root' and k.fingerprint = authority)) as level
          from outbox_trust t where outbox = which) as now
    where level < asked order by number limit 1;
$$;
