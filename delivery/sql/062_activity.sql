-- Accounts of the portal: who made, changed or ended one, who signed in, and from where.
create function postseal.account_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    what text;
begin
    if tg_op = 'INSERT' then
        perform activity_add(new.address, null, 'account made', new.address, null);
    elsif tg_op = 'DELETE' then
        perform activity_add(old.address, null, 'account deleted', old.address, null);
    else
        foreach what in array array_remove(array[
            case when new.wrapped <> old.wrapped then 'password changed' end,
            case when new.recovery_wrapped <> old.recovery_wrapped then 'recovery code made' end,
            case when old.totp is null and new.totp is not null then 'one-time passwords set up' end,
            case when old.totp is not null and new.totp is null then 'one-time passwords removed' end,
            case when new.public_key <> old.public_key then 'account key changed' end,
            case when new.wish is distinct from old.wish then 'wish for delivery changed' end], null)
        loop
            perform activity_add(new.address, null, what, new.address, case what when 'wish for delivery changed' then new.wish end);
        end loop;
    end if;
    return null;
end
$$;
create trigger account_activity after insert or update or delete on postseal.account
    for each row execute function postseal.account_activity();

create function postseal.passkey_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    owner text := (select address from account where id = coalesce(new.account, old.account));
begin
    -- With an account go its keys.
    if owner is not null then
        perform activity_add(owner, null, case tg_op when 'INSERT' then 'passkey added' else 'passkey removed' end, owner,
                             coalesce(new.name, old.name));
    end if;
    return null;
end
$$;
create trigger passkey_activity after insert or delete on postseal.passkey
    for each row execute function postseal.passkey_activity();

create function postseal.session_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    shown portal_session := coalesce(new, old);
    owner text := (select address from account where id = shown.account);
begin
    if owner is null then
        return null;
    elsif tg_op = 'DELETE' and old.state = 'member' and old.expires_at > now() then
        perform activity_add(owner, old.network, 'signed out', owner, old.browser);
    elsif tg_op = 'INSERT' and new.state = 'half' then
        perform activity_add(owner, new.network, 'password entered', owner, new.browser);
    elsif tg_op = 'INSERT' and new.state = 'member' or tg_op = 'UPDATE' and old.state <> 'member' and new.state = 'member' then
        perform activity_add(owner, new.network, 'signed in', owner, new.browser);
    end if;
    return null;
end
$$;
create trigger session_activity after insert or update of state or delete on postseal.portal_session
    for each row execute function postseal.session_activity();

-- Accounts as an auditor sees them, with what they sign in by.
create view postseal.accounts as
    select a.address, a.created_at, a.language, a.totp is not null as one_time_passwords,
           (select count(*) from postseal.passkey p where p.account = a.id) as passkeys,
           (select max(t.at) from postseal.activity t where t.subject = a.address and t.what = 'signed in') as last_signed_in, a.wish
    from postseal.account a;
grant select on postseal.accounts to postseal_auditor;

-- Everything on record of one person, as sender, recipient, owner or author.
create function postseal.about(person text) returns table (at timestamptz, what text, role text, detail text, message uuid)
language sql stable security definer set search_path = postseal, pg_temp as $$
    select l.offered_at, 'message ' || l.state, 'sender', concat_ws(' ', 'to', l.recipient, 'by', l.method, l.state_detail), l.message
        from log l where lower(l.sender) = lower(person) or lower(l.authenticated) = lower(person)
    union all
    select l.offered_at, 'message ' || l.state, 'recipient', concat_ws(' ', 'from', l.sender, 'by', l.method, l.state_detail), l.message
        from log l where lower(l.recipient) = lower(person)
    union all
    select h.at, h.what, 'recipient', h.detail, h.message from history h where lower(h.recipient) = lower(person)
    union all
    select k.imported_at, 'key held', 'owner', k.kind || ' ' || k.fingerprint, null from keys k where lower(person) = any(k.addresses)
    union all
    select t.at, t.what, case when t.subject = lower(person) then 'owner' else 'actor' end, concat_ws(' ', t.detail, t.network), null
        from activity t where t.subject = lower(person) or t.actor = lower(person)
    order by 1;
$$;
revoke execute on function postseal.about from public;
grant execute on function postseal.about to postseal_auditor;

comment on view postseal.accounts is 'accounts of the portal, and what their owners sign in by';
comment on column postseal.accounts.address is 'of the owner';
comment on column postseal.accounts.created_at is 'when it was made';
comment on column postseal.accounts.language is 'that the owner reads';
comment on column postseal.accounts.one_time_passwords is 'an authenticator app is asked for codes';
comment on column postseal.accounts.passkeys is 'how many passkeys and security keys';
comment on column postseal.accounts.last_signed_in is 'when the owner signed in last; null: not since this is on record';
comment on column postseal.accounts.wish is 'how the owner wants mail; null: any way';
