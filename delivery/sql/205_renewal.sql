-- A new link is made with the key that the courier keeps until the message is read. If courier.key was lost, it cannot be,
-- and whoever asked for a new link must not lose the one that works.

-- Has a courier the key with which this was boxed? Boxes without a mark (delivery/sql/095) do not say.
create function postseal.courier_opens(boxed bytea) returns boolean
language sql stable security definer set search_path = postseal, pg_temp as $$
    select boxed is not null
       and (box_mark(boxed) is null
            or not exists (select from secret_holder where name = 'courier' and program = 'postseal-courier')
            or exists (select from secret_holder where name = 'courier' and program = 'postseal-courier'
                       and box_mark(boxed) = any(marks)))
$$;
revoke execute on function postseal.courier_opens from public;
grant execute on function postseal.courier_opens to postseal_courier, postseal_portal;

-- From now on the old link opens nothing, but it is kept until the courier has made the new one.
create or replace function postseal.parcel_key_renew(which uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update parcel_key set tries = 0, locked_at = null, issued_at = null, by_code = true
    where id = which and courier_opens(boxed) and opened_at is null and account is null;
    if found then
        delete from session_key where parcel_key = which;
        update parcel set issued_at = null, issue_at = now()
        where id = (select k.parcel from parcel_key k where k.id = which);
    end if;
end
$$;

-- What the courier does with a parcel of which it cannot open a key: the links that it should have replaced work again,
-- and what else there is to do is tried again in five minutes.
create function postseal.parcel_put_off(which uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    with restored as (
        update parcel_key set issued_at = now()
        where parcel = which and issued_at is null and link_hash is not null and not courier_opens(boxed)
        returning copy)
    insert into event (message, copy, what, detail)
        select c.message, c.id, 'not renewed', 'courier.key was lost: the old link works again'
        from restored r join copy c on c.id = r.copy;
    update parcel set issue_at = now() + interval '5 minutes',
                      issued_at = case when not exists (select from parcel_key k where k.parcel = which and k.issued_at is null)
                                       then now() end
    where id = which;
end
$$;
revoke execute on function postseal.parcel_put_off from public;
grant execute on function postseal.parcel_put_off to postseal_courier;

create or replace function postseal.message_new_code(which uuid, of_address text, asked_by text)
returns table (recipient text, done boolean, said text)
language plpgsql set search_path = postseal, pg_temp as $$
declare
    c record;
    k parcel_key;
begin
    for c in select * from copy where message = which and (of_address = '' or address = of_address)
             and state <> 'repeated' order by copy.recipient
    loop
        recipient := c.recipient;
        select * into k from parcel_key where copy = c.id for update;
        said := case
            when c.method is distinct from 'pickup' then 'it does not wait in the portal, so it has no link and no code'
            when k.id is null then 'nothing waits any more: it is ' || c.state
            when k.opened_at is not null then 'it was opened already'
            when k.account is not null then 'its reader signs in to an account, and needs no code'
            when k.boxed is null then 'the courier no longer has its key: the setting "pickup renew" was off'
            when k.expires_at <= now() then 'it has expired'
            when k.issued_at is null then 'its link and code are being created already'
            when not courier_opens(k.boxed) then 'courier.key was lost since it was sent: the old link and code still open it; '
                || 'otherwise its sender must send it again' end;
        done := said is null;
        if done then
            perform parcel_key_renew(k.id);
            perform copy_move(c.id, 'parked', asked_by || ' asked for a new link and code');
            insert into event (message, copy, what, detail) values (which, c.id, 'renewed', 'new link and code, by ' || asked_by);
            said := 'the recipient gets a new link, the sender a new code; the old ones no longer work';
        end if;
        return next;
    end loop;
end
$$;
