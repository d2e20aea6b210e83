-- A mail is in doubt when a courier had it in hand and never settled it: the MTA of that courier's machine may have it,
-- and only that MTA's log can tell. So the row keeps the name of the courier, and since when it is so.
alter table postseal.outbox add column claimed_at timestamptz; -- when it was taken in hand; kept while it is in doubt
update postseal.outbox set claimed_at = now() where state = 'sending';

-- Of a courier, "machine/process".
create function postseal.courier_host(courier text) returns text
language sql immutable as $$
    select split_part(courier, '/', 1)
$$;

-- May a courier on this machine take the mail in hand? What is in doubt because of another machine waits for a courier
-- there, for so many seconds.
create function postseal.outbox_is_for(host text, patience bigint, state text, courier text, claimed_at timestamptz)
returns boolean language sql stable as $$
    select state = 'waiting' or courier is null or postseal.courier_host(courier) = host
        or claimed_at < now() - patience * interval '1 second'
$$;

-- The machine does not come back: any courier may send what is in doubt because of it, once nobody has it in hand.
create function postseal.outbox_take_over(host text) returns bigint
language plpgsql set search_path = postseal, pg_temp as $$
declare
    freed bigint;
begin
    update outbox set claimed_at = '-infinity' where state = 'sending' and courier_host(courier) = host;
    get diagnostics freed = row_count;
    perform activity_add(null, null, 'outbox taken over', host, freed || ' mails');
    return freed;
end
$$;
revoke execute on function postseal.outbox_take_over from public;
