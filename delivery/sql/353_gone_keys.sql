-- Messages that a member had received and that are gone: whoever comes too late from the mail about one reads why.
create table postseal.gone_key (
    id uuid primary key,                  -- of the parcel_key, which links name
    account uuid not null,                -- nobody else is told
    copy uuid not null,
    gone_at timestamptz not null default now()
);
create index gone_key_gone_at on postseal.gone_key (gone_at);
grant select, delete on postseal.gone_key to postseal_courier;

create function postseal.parcel_key_remember() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    insert into gone_key (id, account, copy) values (old.id, old.account, old.copy) on conflict do nothing;
    return null;
end
$$;
create trigger parcel_key_remember after delete on postseal.parcel_key
    for each row when (old.account is not null and old.copy is not null and old.folder = 'inbox')
    execute function postseal.parcel_key_remember();

-- What became of a message of this member's: 'recalled', 'expired' or 'deleted'; null: nothing is known of it.
create function postseal.key_gone(gone uuid, member uuid) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select case
        when exists (select from parcel_key k where k.id = gone and k.account = member and k.copy is not null
                     and k.expires_at <= now()) then 'expired'
        when c.state in ('recalled', 'expired', 'deleted') then c.state
        when exists (select from event e where e.message = c.message and e.copy = c.id and e.what = 'deleted') then 'deleted'
        when c.id is not null then 'expired'
    end
    from (select gone as id) asked
    left join gone_key g on g.id = asked.id and g.account = member
    left join copy c on c.id = g.copy
$$;
revoke execute on function postseal.key_gone from public;
grant execute on function postseal.key_gone to postseal_portal;
