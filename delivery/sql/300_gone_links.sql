-- Links that open nothing any more, so that whoever follows one reads why.
create table postseal.gone_link (
    link_hash bytea primary key,
    copy uuid not null,
    gone_at timestamptz not null default now()
);
create index gone_link_gone_at on postseal.gone_link (gone_at);
grant select, delete on postseal.gone_link to postseal_courier;

create function postseal.parcel_key_link_gone() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    insert into gone_link (link_hash, copy) values (old.link_hash, old.copy) on conflict do nothing;
    return null;
end
$$;
create trigger parcel_key_link_replaced after update of link_hash on postseal.parcel_key
    for each row when (old.link_hash is not null and old.copy is not null and new.link_hash is distinct from old.link_hash)
    execute function postseal.parcel_key_link_gone();
create trigger parcel_key_link_deleted after delete on postseal.parcel_key
    for each row when (old.link_hash is not null and old.copy is not null)
    execute function postseal.parcel_key_link_gone();

-- What became of the message behind a link: 'recalled', 'expired', 'deleted', or 'replaced', when there is a newer link
-- to it; null: the link may open it, or nothing is known of it. (A message that is on hold is gone for its readers.)
create function postseal.link_gone(hash bytea) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select case
        when exists (select from parcel_key where link_hash = hash and expires_at <= now()) then 'expired'
        when exists (select from parcel_key where link_hash = hash) then null
        when c.state in ('recalled', 'expired', 'deleted') then c.state
        when exists (select from parcel_key k where k.copy = g.copy and k.link_hash is not null and k.issued_at is not null)
            then 'replaced'
        when exists (select from parcel_key k where k.copy = g.copy) then null
        when exists (select from event e where e.message = c.message and e.copy = c.id and e.what = 'deleted') then 'deleted'
        when c.state = 'opened' then 'expired'
    end
    from (select hash as link_hash) asked
    left join gone_link g on g.link_hash = asked.link_hash
    left join copy c on c.id = g.copy
$$;
revoke execute on function postseal.link_gone from public;
grant execute on function postseal.link_gone to postseal_portal;
