-- The certificate to which an employee's mail is to be encrypted, for whoever asks for the exact address: the newest in time,
-- unless it was revoked.
create function postseal.ca_certificate_of(of_address text) returns bytea
language sql stable security definer set search_path = postseal, pg_temp as $$
    select k.content from key_address a join key k on k.id = a.key
    where a.address = of_address and k.kind = 'smime' and k.role = 'own' and k.cannot_encrypt is null
      and k.not_before <= now() and k.not_after > now()
      and not exists (select from certificate_status s where s.fingerprint = k.fingerprint and s.state in ('held', 'revoked'))
    order by k.not_before desc, k.fingerprint limit 1;
$$;
revoke execute on function postseal.ca_certificate_of from public;
grant execute on function postseal.ca_certificate_of to postseal_portal;
