-- The link of a message that was lost, for example with its reader's account, asked for a code, and then said that the two do not belong
-- together: it says 'lost'.
create or replace function postseal.link_gone(hash bytea) returns text
language sql stable security definer set search_path = postseal, pg_temp as $$
    select case
        when exists (select from parcel_key where link_hash = hash and expires_at <= now()) then 'expired'
        when exists (select from parcel_key where link_hash = hash) then null
        when c.state in ('recalled', 'expired', 'deleted', 'lost') then c.state
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
