-- What waits for approval is listed by `postseal hold list` now; `postseal approval` is its former name.
create or replace function postseal.message_resend(which uuid, of_address text, asked_by text)
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
            when c.state = 'held' then 'it waits for approval: see `postseal hold list`'
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

comment on column postseal.approvals.approval is 'identifier, as postseal hold names it';
