-- Several OpenPGP keys from one source are a contradiction, too, not only where mail brought them: whoever can write to one of
-- several directories reads along beside the owner of the other key. An administrator's word settles it.
create or replace view postseal.key_conflict as
    select a.address, a.kind, a.source, b.source as other_source,
           array_agg(distinct a.fingerprint) as fingerprints, array_agg(distinct b.fingerprint) as other_fingerprints,
           greatest(max(a.since), max(b.since)) as since
    from postseal.key_claim a join postseal.key_claim b on b.address = a.address and b.kind = a.kind and b.source > a.source
    group by a.address, a.kind, a.source, b.source
    having not bool_or(a.fingerprint = b.fingerprint)
    union all
    select f.address, f.kind, f.source, f.source, (array_agg(f.fingerprint order by f.found_at, f.fingerprint))[1:1],
           (array_agg(f.fingerprint order by f.found_at, f.fingerprint))[2:], max(f.found_at)
    from postseal.key_found f
    where f.kind = 'pgp' and f.withdrawn_at is null and f.cannot_encrypt is null and coalesce(f.not_after > now(), true)
    group by f.address, f.kind, f.source
    having count(*) > 1 and not exists (
        select from postseal.attestation t join postseal.trust_ground g using (how)
        where t.kind = f.kind and t.address = f.address and t.subject = any(array_agg(f.fingerprint))
          and g.level >= case f.source when 'mail' then 'domain' else 'organisation' end::postseal.trust_level
          and t.revoked_at is null)
      and (f.source <> 'mail'
           or not exists (select from postseal.key_claim c where c.address = f.address and c.kind = f.kind and c.source <> f.source));
comment on view postseal.key_conflict is
    'addresses for which two sources have keys, but none in common, or for which one source has several OpenPGP keys';
