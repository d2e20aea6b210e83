-- A revocation list is due while a revocation has not been published. Times do not tell: the clocks of nodes differ, and a
-- transaction has the time of its beginning, so that a revocation can be older than the list that lacks it.
create function postseal.ca_lists_due() returns setof uuid language sql stable security definer
set search_path = postseal, pg_temp as $$
    select c.id from ca c left join ca_crl l on l.ca = c.id
    where c.certificate is not null
      and (c.state = 'in use' or exists (select from ca_issued i where i.ca = c.id and i.not_after > now()))
      and (l.ca is null or l.made_at + (l.next_update - l.made_at) / 2 <= now()
           or exists (select from ca_issued i where i.ca = c.id and i.revoked_at is not null and i.published_at is null));
$$;
-- What a new list has, marked as published if the transaction that stores the list commits. What has expired stays for a
-- while. A revocation that commits in between is on this list and still counts as unpublished: it is on the next one, too.
create function postseal.ca_list_begin(of_ca uuid, expired_for interval)
returns table (number bigint, serial bytea, revoked_at bigint, reason text)
language plpgsql security definer set search_path = postseal, pg_temp as $$
#variable_conflict use_column
begin
    update ca_issued i set published_at = now() where i.ca = of_ca and i.revoked_at is not null and i.published_at is null;
    return query select coalesce((select max(l.number) from ca_crl l where l.ca = of_ca), 0) + 1,
            i.serial, extract(epoch from i.revoked_at)::bigint, i.reason
        from (select) one left join ca_issued i on i.ca = of_ca and i.revoked_at is not null and i.not_after > now() - expired_for
        order by i.serial;
end
$$;
create index ca_issued_unpublished on postseal.ca_issued (ca) where revoked_at is not null and published_at is null;
revoke execute on function postseal.ca_lists_due, postseal.ca_list_begin from public;
grant execute on function postseal.ca_lists_due, postseal.ca_list_begin to postseal_keeper;
comment on column postseal.ca_issued.published_at is 'when its revocation was on a list, or joined the OpenPGP key';

-- The answer is to one request: while it was being checked, another may have taken its place.
drop function postseal.ca_accept(bytea);
create function postseal.ca_accept(which uuid, new_certificate bytea, actor text)
returns setof postseal.ca language plpgsql set search_path = postseal, pg_temp as $$
begin
    perform from ca where id = which and state = 'requested' for update;
    if not found then
        return;
    end if;
    update ca set state = 'retired' where state = 'in use';
    perform activity_add(actor, null, 'authority accepted', id::text, subject) from ca where id = which;
    return query update ca set state = 'in use', certificate = new_certificate where id = which returning *;
end
$$;
revoke execute on function postseal.ca_accept from public;

-- Whoever writes to many strangers in the company's name must not keep the keeper busy for days.
create or replace function postseal.ca_wish_note(of_address text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if exists (select from ca where state = 'in use') and (select count(*) < 1000 from (select from ca_wish limit 1000) w) then
        insert into ca_wish (address) values (of_address) on conflict do nothing;
    end if;
end
$$;
-- Whoever has left in the meantime does not wish any more. Locked, so that leaving waits until the keys are there to be revoked.
create function postseal.ca_wish_lock(of_address text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform from ca_wish where address = of_address for update;
    return found;
end
$$;
revoke execute on function postseal.ca_wish_lock from public;
grant execute on function postseal.ca_wish_lock to postseal_keeper;
