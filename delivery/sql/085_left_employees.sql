-- Employees who have left, and who is told about their messages instead. Their private keys are handled by the key
-- store.
create table postseal.left_employee (
    address text primary key,             -- folded
    deputy text,                          -- folded; null: nobody
    left_at timestamptz not null default now(),
    noted_by text not null
);
grant select on postseal.left_employee to postseal_courier, postseal_auditor;
comment on table postseal.left_employee is 'employees who have left';
comment on column postseal.left_employee.address is 'of the employee';
comment on column postseal.left_employee.deputy is 'who is told of their messages instead; null: nobody';
comment on column postseal.left_employee.left_at is 'when that was noted';
comment on column postseal.left_employee.noted_by is 'who noted it';

-- Who is told about a sender's messages: a deputy who has also left has a deputy in turn. Null: the sender.
create function postseal.deputy_of(sender text) returns text
language sql stable set search_path = postseal, pg_temp as $$
    with recursive chain(deputy, depth) as (
        select deputy, 1 from left_employee where address = sender and deputy is not null
        union all
        select l.deputy, depth + 1 from chain c join left_employee l on l.address = c.deputy
        where l.deputy is not null and depth < 10)
    select deputy from chain order by depth desc limit 1;
$$;

alter table postseal.receipt drop constraint receipt_what_check;
alter table postseal.receipt add constraint receipt_what_check
    check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted', 'deleted unopened', 'handed over'));

-- Records that someone has left. Links to their message pages stop working; the deputy gets a page for each message
-- that waits, and the codes and reports that have yet to be sent.
create function postseal.employee_leave(gone text, stands_in text, asked_by text)
returns table (what text, subject text, count bigint)
language plpgsql set search_path = postseal, pg_temp as $$
#variable_conflict use_column
declare
    counted bigint;
begin
    perform pg_advisory_xact_lock(85, 0); -- see deputy_find
    if stands_in = gone or deputy_of(stands_in) = gone or deputy_of(stands_in) is null
            and exists (select from left_employee where address = stands_in) then
        raise exception 'the deputy % has left', stands_in using errcode = 'PS004';
    end if;
    insert into left_employee (address, deputy, noted_by) values (gone, stands_in, asked_by)
        on conflict (address) do update set deputy = excluded.deputy, noted_by = excluded.noted_by;
    return query select 'key retired', k.kind || ' ' || k.fingerprint, 1::bigint from keys_retire(gone) k;
    delete from sender_page s where lower(s.sender) = gone;
    get diagnostics counted = row_count;
    return query select 'pages ended', gone, counted;
    if stands_in is null then
        return;
    end if;
    insert into decided (imprint, address, kind, verified, until)
        select imprint, stands_in, kind, verified, until from decided
        where address = gone and kind in ('code', 'receipt', 'bounce') and until > now();
    update outbox_recipient r set address = stands_in from outbox o
        where o.id = r.outbox and o.kind in ('code', 'receipt', 'bounce') and o.state = 'waiting' and lower(r.address) = gone;
    get diagnostics counted = row_count;
    return query select 'mails handed over', stands_in, counted;
    insert into receipt (parcel, message, sender, recipient, what, due_at)
        select p.id, p.message, p.sender, c.recipient, 'handed over', now()
        from parcel p join parcel_key k on k.parcel = p.id join copy c on c.id = k.copy
        where lower(p.sender) = gone and p.message is not null and k.opened_at is null and k.expires_at > now();
    get diagnostics counted = row_count;
    return query select 'messages handed over', stands_in, counted;
end
$$;
revoke execute on function postseal.employee_leave from public;

create function postseal.employee_return(back text)
returns table (what text, subject text, count bigint)
language plpgsql set search_path = postseal, pg_temp as $$
begin
    delete from left_employee l where l.address = back;
    if found then
        return query select 'key in use again', k.kind || ' ' || k.fingerprint, 1::bigint from keys_return(back) k;
        return query select 'returned', back, 1::bigint;
    end if;
end
$$;
revoke execute on function postseal.employee_return from public;
