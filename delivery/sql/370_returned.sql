-- The MTA's reports show the header of what it returns: of a message that was opened, what was sealed. So the MTA sends no
-- reports on mail that came in sealed, and who sent it hears of a failure from us: of what was opened and of what was not in
-- the same words.
create table postseal.tell_returned (
    copy uuid primary key references postseal.copy on delete cascade,
    sender text not null,
    envid text,                           -- DSN parameters of MAIL and RCPT
    orcpt text
);
grant insert on postseal.tell_returned to postseal_milter;

comment on table postseal.tell_returned is 'copies of mail that came in sealed: who is told by us, not by the MTA, if one is returned';
comment on column postseal.tell_returned.copy is 'the copy';
comment on column postseal.tell_returned.sender is 'who sent it, according to the envelope';
comment on column postseal.tell_returned.envid is 'ENVID of MAIL (RFC 3461)';
comment on column postseal.tell_returned.orcpt is 'ORCPT of RCPT (RFC 3461)';

alter table postseal.receipt
    drop constraint receipt_what_check,
    drop constraint receipt_form_check;
alter table postseal.receipt
    add constraint receipt_what_check
        check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted', 'deleted unopened', 'handed over',
                        'notice failed', 'code failed', 'trusted', 'returned')),
    add constraint receipt_form_check check (form in ('mail', 'mdn', 'dsn', 'alert', 'bounce'));

-- What the log says begins with the next hop; whoever is outside is told its reply alone, and nothing that was said of the
-- content, which may have been opened.
create function postseal.copy_returned() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    with told as (delete from tell_returned where copy = new.id returning sender, envid, orcpt)
    insert into receipt (message, sender, recipient, what, form, detail, envid, orcpt, due_at)
        select new.message, t.sender, new.recipient, 'returned', 'bounce',
               coalesce(case when new.state_detail like '%in reply to RCPT TO command)%'
                             then substring(new.state_detail from '5[0-9][0-9][ -]5\.[0-9]+\.[0-9]+ .*') end,
                        '550 5.0.0 delivery failed'),
               t.envid, t.orcpt, now()
        from told t;
    return null;
end
$$;
create trigger copy_returned after update of state on postseal.copy
    for each row when (new.state = 'failed' and old.state <> 'failed') execute function postseal.copy_returned();
