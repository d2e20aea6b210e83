-- What an admin may do to what waits, copy by copy, and what is reported for copies to which it cannot be done.

-- A new link and a new code, as the sender can request on their page.
create function postseal.message_new_code(which uuid, of_address text, asked_by text)
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
            when k.issued_at is null then 'its link and code are being created already' end;
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
revoke execute on function postseal.message_new_code from public;

-- The notice about what waits is sent once more, with the same link, whatever the reminders.
alter table postseal.parcel_key add column notice_again boolean not null default false;
create index parcel_key_notice_again on postseal.parcel_key (id) where notice_again;
grant update (notice_again) on postseal.parcel_key to postseal_courier;

-- Whatever Postseal still has is sent again, or at once. What it has handed over it no longer has, so nothing arrives
-- twice.
create function postseal.message_resend(which uuid, of_address text, asked_by text)
returns table (recipient text, done boolean, said text)
language plpgsql set search_path = postseal, pg_temp as $$
declare
    c record;
    k parcel_key;
    waiting bigint;
    in_hand bigint;
begin
    for c in select copy.*, m.queue_id from copy join message m on m.id = copy.message
             where copy.message = which and (of_address = '' or address = of_address) and state <> 'repeated' order by copy.recipient
    loop
        recipient := c.recipient;
        select * into k from parcel_key where copy = c.id for update;
        update outbox o set next_attempt_at = now() from outbox_recipient r
            where r.outbox = o.id and r.copy = c.id and o.state = 'waiting';
        get diagnostics waiting = row_count;
        select count(*) into in_hand from outbox o join outbox_recipient r on r.outbox = o.id
            where r.copy = c.id and o.state = 'sending';
        done := waiting > 0 or (in_hand = 0 and c.method = 'pickup' and k.id is not null and k.opened_at is null
                                and k.locked_at is null and k.issued_at is not null and k.expires_at > now()
                                and (k.link_boxed is not null or k.account is not null));
        said := case
            when waiting > 0 then 'it is in the outbox, and delivery is tried now'
            when in_hand > 0 then 'a courier has it in hand, or the MTA may have it: see `postseal outbox list`'
            when done then 'the email about it is sent again, with the same link'
            when k.id is not null and k.opened_at is null and k.issued_at is null then 'its link and code are being created already'
            when k.id is not null and k.opened_at is null then 'its link no longer works: give `postseal message new-code`'
            when c.state = 'handed' then 'the MTA has it in its queue'
                || coalesce(', as ' || coalesce((select string_agg(t.queue_id, ', ') from mta_mail t where t.message = which), c.queue_id), '')
                || ': `postqueue -i` delivers it at once'
            when c.state = 'sent' then 'it arrived: sent again, it would arrive twice'
            when c.state = 'refused' then 'it was refused, and never accepted'
            when c.state = 'opened' then 'it was opened already'
            else 'it is ' || c.state || ', and Postseal does not have it any more: its sender must send it again' end;
        if done and waiting = 0 then
            update parcel_key set notice_again = true where id = k.id;
            perform copy_move(c.id, 'parked', asked_by || ' had the email about it sent again') where c.state = 'failed';
        end if;
        if done then
            insert into event (message, copy, what, detail) values (which, c.id, 'resent', 'by ' || asked_by);
        end if;
        return next;
    end loop;
    if found then
        perform pg_notify('postseal_outbox', '');
    end if;
end
$$;
revoke execute on function postseal.message_resend from public;

-- For all recipients who have not read it, or for one of them.
create function postseal.message_recall(which uuid, of_address text, asked_by text)
returns table (recipient text, done boolean, said text)
language plpgsql set search_path = postseal, pg_temp as $$
declare
    c record;
begin
    for c in select copy.* from copy where message = which and (of_address = '' or address = of_address)
             and state <> 'repeated' order by copy.recipient
    loop
        recipient := c.recipient;
        delete from parcel_key k where k.copy = c.id and k.opened_at is null;
        done := found;
        if done then
            done := copy_move(c.id, 'recalled', 'by ' || asked_by || ', unread');
        end if;
        said := case when done then 'recalled' else 'it is ' || c.state || ', and does not wait unread' end;
        return next;
    end loop;
end
$$;
revoke execute on function postseal.message_recall from public;
