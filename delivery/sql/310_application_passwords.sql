-- Passwords for mail clients, which ask for no second factor. Each is made by us, with 100 bits, so that nothing is
-- guessed from its digest; and each wraps the account's secret, as the password does.
create table postseal.application_password (
    id uuid primary key,
    account uuid not null references postseal.account on delete cascade,
    digest bytea not null unique,         -- it is found by
    wrapped bytea not null,               -- the account's secret, by the password
    name text not null,                   -- as its owner calls it
    made_at timestamptz not null default now(),
    used_at timestamptz,                  -- the last time; null: never
    network text                          -- it was last used from
);
create index application_password_account on postseal.application_password (account);
grant select, insert, delete, update (used_at, network) on postseal.application_password to postseal_portal;

create function postseal.application_password_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    owner text := (select address from account where id = coalesce(new.account, old.account));
begin
    -- With an account go its passwords.
    if owner is not null then
        perform activity_add(owner, null,
                             case tg_op when 'INSERT' then 'application password added' else 'application password revoked' end,
                             owner, coalesce(new.name, old.name));
    end if;
    return null;
end
$$;
create trigger application_password_activity after insert or delete on postseal.application_password
    for each row execute function postseal.application_password_activity();

-- Accounts as an auditor sees them, with these.
create or replace view postseal.accounts as
    select a.address, a.created_at, a.language, a.totp is not null as one_time_passwords,
           (select count(*) from postseal.passkey p where p.account = a.id) as passkeys,
           (select max(t.at) from postseal.activity t where t.subject = a.address and t.what = 'signed in') as last_signed_in, a.wish,
           (select count(*) from postseal.application_password p where p.account = a.id) as application_passwords,
           (select max(p.used_at) from postseal.application_password p where p.account = a.id) as mail_client_at
    from postseal.account a;
comment on column postseal.accounts.application_passwords is 'how many passwords for mail clients';
comment on column postseal.accounts.mail_client_at is 'when a mail client last signed in; null: none of the present passwords was used';

-- Ends the account of someone who has lost password, second factor and recovery code. What becomes of their messages is
-- counted beforehand, so that nobody is told that more can be read than can.
create or replace function postseal.account_reset(of_address text, asked_by text)
returns table (what text, count bigint)
language plpgsql set search_path = postseal, pg_temp as $$
#variable_conflict use_column
declare
    ended account;
begin
    select * into ended from account where address = of_address for update;
    if not found then
        return;
    end if;
    return query select 'messages that link and code still open', count(*) from parcel_key
        where account = ended.id and wrapped is not null;
    return query select 'messages that wait for link and code, unchanged', count(*)
        from parcel_key k join copy c on c.id = k.copy
        where c.address = of_address and k.account is null and k.opened_at is null and k.expires_at > now();
    return query select 'received messages lost, of which the senders are told', count(*) from parcel_key
        where account = ended.id and wrapped is null and folder = 'inbox';
    return query select 'drafts and copies of sent messages lost', count(*) from parcel_key
        where account = ended.id and wrapped is null and folder <> 'inbox';
    return query select 'passkeys removed', count(*) from passkey where account = ended.id;
    return query select 'application passwords revoked', count(*) from application_password where account = ended.id;
    return query select 'browsers signed out', count(*) from portal_session where account = ended.id;
    return query select 'statements of trust revoked', count(*) from attestation
        where kind = 'account' and address = of_address and revoked_at is null;
    perform account_end(of_address, asked_by || ' reset the account');
end
$$;
