-- Ends the account of someone who has lost password, second factor and recovery code. What becomes of their messages is
-- counted beforehand, so that nobody is told that more can be read than can.
create function postseal.account_reset(of_address text, asked_by text)
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
    return query select 'browsers signed out', count(*) from portal_session where account = ended.id;
    return query select 'statements of trust revoked', count(*) from attestation
        where kind = 'account' and address = of_address and revoked_at is null;
    perform account_end(of_address, asked_by || ' reset the account');
end
$$;
revoke execute on function postseal.account_reset from public;
