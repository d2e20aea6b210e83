-- How far may this sender trust it, with what a certificate authority says (null: it says nothing)? A sender who has revoked
-- trust in an address does not trust it again because of an authority, unless the organisation has said that this authority
-- speaks for it.
create function postseal.trust_level(of_sender text, of_kind text, of_subject text, of_address text, colleagues integer,
    by_authority postseal.trust_level)
returns postseal.trust_level language sql stable security definer set search_path = postseal, pg_temp as $$
    select greatest(trust_level(of_sender, of_kind, of_subject, of_address, colleagues),
                    case when by_authority >= 'organisation' or not trust_is_doubted(of_sender, of_address) then by_authority end);
$$;
revoke execute on function postseal.trust_level(text, text, text, text, integer, postseal.trust_level) from public;
grant execute on function postseal.trust_level(text, text, text, text, integer, postseal.trust_level)
    to postseal_milter, postseal_courier;
