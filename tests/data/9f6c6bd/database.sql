--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: postseal; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA postseal;


--
-- Name: account_end(text, text); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.account_end(gone text, because text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'postseal', 'pg_temp'
    AS $$
declare
    lost integer;
begin
    update parcel_key k set account = null, folder = null, sealed = null, kept = null
    from account a where a.address = gone and k.account = a.id and k.wrapped is not null;
    with gone_keys as (
        delete from parcel_key k using account a, parcel p
        where a.address = gone and k.account = a.id and p.id = k.parcel
        returning k.copy, k.folder, k.read_at, p.message, p.sender),
    moved as (
        update copy c set state = 'lost', state_at = now(), reason = because
        from gone_keys g where c.id = g.copy and g.folder = 'inbox' and g.read_at is null)
    insert into receipt (message, sender, recipient, what, form, due_at)
        select g.message, g.sender, c.recipient, 'lost', 'mail', now()
        from gone_keys g join copy c on c.id = g.copy where g.folder = 'inbox';
    get diagnostics lost = row_count;
    update attestation set revoked_at = now(), revoked_because = because
    where kind = 'account' and address = gone and revoked_at is null;
    delete from account where address = gone;
    return lost;
end
$$;


--
-- Name: copy_changed(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.copy_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'postseal', 'pg_temp'
    AS $$
begin
    insert into postseal.event (message, copy, what, detail)
    values (new.message, new.id, new.state, new.reason);
    return null;
end
$$;


--
-- Name: key_address_changed(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.key_address_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('postseal_key', coalesce(new.address, old.address));
    return null;
end
$$;


--
-- Name: key_changed(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.key_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('postseal_key', '');
    return null;
end
$$;


--
-- Name: key_give(uuid, text, text, bytea, text, timestamp with time zone, timestamp with time zone, text[], text); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.key_give(new_id uuid, new_kind text, new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamp with time zone, new_not_after timestamp with time zone, new_capabilities text[], giver text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'postseal', 'pg_temp'
    AS $$
declare
    found_id uuid;
begin
    insert into key (id, kind, fingerprint, role, content, owner, not_before, not_after, pinned,
                     capabilities, imported_by, given_by)
    values (new_id, new_kind, new_fingerprint, 'recipient', new_content, new_owner, new_not_before,
            new_not_after, true, new_capabilities, giver, giver)
    on conflict (kind, fingerprint) do nothing returning id into found_id;
    if found_id is null then
        select id into found_id from key
        where kind = new_kind and fingerprint = new_fingerprint and role = 'recipient'
          and problem is null;
    end if;
    if found_id is null then
        return false;
    end if;
    insert into key_address (key, address) values (found_id, giver) on conflict do nothing;
    return true;
end
$$;


--
-- Name: key_take_back(text, text); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.key_take_back(old_fingerprint text, giver text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'postseal', 'pg_temp'
    AS $$
    delete from key where fingerprint = old_fingerprint and given_by = giver and role = 'recipient';
$$;


--
-- Name: outbox_added(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.outbox_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('postseal_outbox', '');
    return null;
end
$$;


--
-- Name: parcel_key_gone(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.parcel_key_gone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'postseal', 'pg_temp'
    AS $$
begin
    delete from parcel p
    where p.id = old.parcel and not exists (select from parcel_key k where k.parcel = p.id);
    return null;
end
$$;


--
-- Name: wish_changed(); Type: FUNCTION; Schema: postseal; Owner: -
--

CREATE FUNCTION postseal.wish_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('postseal_key', coalesce(new.address, old.address));
    return null;
end
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.account (
    id uuid NOT NULL,
    address text NOT NULL,
    shown text NOT NULL,
    language text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    salt bytea NOT NULL,
    wrapped bytea NOT NULL,
    recovery_salt bytea NOT NULL,
    recovery_wrapped bytea NOT NULL,
    public_key bytea NOT NULL,
    totp bytea,
    totp_step bigint DEFAULT 0 NOT NULL,
    wish text,
    CONSTRAINT account_wish_check CHECK ((wish = ANY (ARRAY['pickup'::text, 'smime'::text, 'pgp'::text, 'tls'::text])))
);


--
-- Name: address_proof; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.address_proof (
    token_hash bytea NOT NULL,
    address text NOT NULL,
    shown text NOT NULL,
    language text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: attestation; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.attestation (
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    address text NOT NULL,
    author text NOT NULL,
    how text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    revoked_because text,
    CONSTRAINT attestation_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'smime'::text, 'pgp'::text])))
);


--
-- Name: copy; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.copy (
    id uuid NOT NULL,
    message uuid NOT NULL,
    recipient text NOT NULL,
    address text NOT NULL,
    rule_line integer NOT NULL,
    rule text NOT NULL,
    method text,
    reason text NOT NULL,
    trace jsonb NOT NULL,
    keys text[] DEFAULT '{}'::text[] NOT NULL,
    signed_by text,
    state text NOT NULL,
    state_at timestamp with time zone DEFAULT now() NOT NULL,
    first_state text NOT NULL,
    first_reason text NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT copy_state_check CHECK ((state = ANY (ARRAY['handed'::text, 'queued'::text, 'sent'::text, 'failed'::text, 'parked'::text, 'opened'::text, 'locked'::text, 'expired'::text, 'refused'::text, 'recalled'::text, 'lost'::text])))
);


--
-- Name: message; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.message (
    id uuid NOT NULL,
    identity bytea,
    offered_at timestamp with time zone DEFAULT now() NOT NULL,
    last_offered_at timestamp with time zone DEFAULT now() NOT NULL,
    offers integer DEFAULT 1 NOT NULL,
    queue_id text,
    authenticated text,
    client text,
    sender text NOT NULL,
    message_id text,
    size bigint NOT NULL,
    policy text NOT NULL
);


--
-- Name: log; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.log AS
 SELECT m.offered_at,
    m.queue_id,
    m.sender,
    m.authenticated,
    c.recipient,
    c.method,
    c.state,
    c.state_at,
    c.reason,
    c.rule_line,
    c.rule,
    c.keys,
    c.signed_by,
    m.message_id,
    m.size,
    m.policy,
    m.id AS message,
    c.id AS copy,
    c.trace
   FROM (postseal.copy c
     JOIN postseal.message m ON ((m.id = c.message)));


--
-- Name: by_day; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.by_day AS
 SELECT date_trunc('day'::text, log.offered_at) AS day,
    COALESCE(log.method, 'refused'::text) AS method,
    log.state,
    count(*) AS copies
   FROM postseal.log
  GROUP BY (date_trunc('day'::text, log.offered_at)), COALESCE(log.method, 'refused'::text), log.state;


--
-- Name: event; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.event (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    message uuid NOT NULL,
    copy uuid,
    what text NOT NULL,
    detail text
);


--
-- Name: event_id_seq; Type: SEQUENCE; Schema: postseal; Owner: -
--

ALTER TABLE postseal.event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME postseal.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: history; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.history AS
 SELECT e.at,
    e.what,
    e.detail,
    c.recipient,
    e.message,
    e.copy
   FROM (postseal.event e
     LEFT JOIN postseal.copy c ON ((c.id = e.copy)))
UNION ALL
 SELECT copy.decided_at AS at,
    copy.first_state AS what,
    copy.first_reason AS detail,
    copy.recipient,
    copy.message,
    copy.id AS copy
   FROM postseal.copy;


--
-- Name: key; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.key (
    id uuid NOT NULL,
    kind text NOT NULL,
    fingerprint text NOT NULL,
    role text NOT NULL,
    content bytea NOT NULL,
    owner text NOT NULL,
    not_before timestamp with time zone,
    not_after timestamp with time zone,
    pinned boolean DEFAULT false NOT NULL,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    problem text,
    imported_at timestamp with time zone DEFAULT now() NOT NULL,
    imported_by text NOT NULL,
    given_by text,
    CONSTRAINT key_kind_check CHECK ((kind = ANY (ARRAY['smime'::text, 'pgp'::text]))),
    CONSTRAINT key_role_check CHECK ((role = ANY (ARRAY['recipient'::text, 'own'::text, 'intermediate'::text, 'root'::text])))
);


--
-- Name: key_address; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.key_address (
    key uuid NOT NULL,
    address text NOT NULL
);


--
-- Name: migration; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.migration (
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: outbox; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.outbox (
    id uuid NOT NULL,
    message uuid,
    kind text NOT NULL,
    sender text NOT NULL,
    ret text,
    envid text,
    smtputf8 boolean DEFAULT false NOT NULL,
    verified boolean DEFAULT false NOT NULL,
    boxed_key bytea NOT NULL,
    header bytea NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    courier text,
    last_reply text,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['copy'::text, 'notice'::text, 'code'::text, 'alert'::text, 'bounce'::text, 'receipt'::text, 'reply'::text, 'account'::text]))),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text])))
);


--
-- Name: outbox_chunk; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.outbox_chunk (
    outbox uuid NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE ONLY postseal.outbox_chunk ALTER COLUMN content SET STORAGE EXTERNAL;


--
-- Name: outbox_recipient; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.outbox_recipient (
    outbox uuid NOT NULL,
    number integer NOT NULL,
    address text NOT NULL,
    notify text,
    orcpt text,
    copy uuid
);


--
-- Name: parcel; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.parcel (
    id uuid NOT NULL,
    message uuid,
    sender text NOT NULL,
    header bytea NOT NULL,
    size bigint NOT NULL,
    smtputf8 boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    issue_at timestamp with time zone DEFAULT now() NOT NULL,
    issued_at timestamp with time zone,
    summary bytea,
    layout bytea,
    language text,
    phone bytea,
    receipt text,
    CONSTRAINT parcel_receipt_check CHECK ((receipt = ANY (ARRAY['mail'::text, 'mdn'::text, 'dsn'::text])))
);


--
-- Name: parcel_chunk; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.parcel_chunk (
    parcel uuid NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE ONLY postseal.parcel_chunk ALTER COLUMN content SET STORAGE EXTERNAL;


--
-- Name: parcel_key; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.parcel_key (
    id uuid NOT NULL,
    parcel uuid NOT NULL,
    copy uuid,
    notify text,
    orcpt text,
    boxed bytea,
    link_hash bytea,
    salt bytea,
    wrapped bytea,
    expires_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    locked_at timestamp with time zone,
    opened_at timestamp with time zone,
    issued_at timestamp with time zone,
    link_boxed bytea,
    reminders integer DEFAULT 0 NOT NULL,
    account uuid,
    sealed bytea,
    kept bytea,
    folder text,
    read_at timestamp with time zone,
    answers uuid,
    manner text,
    CONSTRAINT parcel_key_check CHECK (((account IS NULL) = (folder IS NULL))),
    CONSTRAINT parcel_key_check1 CHECK ((num_nonnulls(boxed, wrapped, sealed, kept) > 0)),
    CONSTRAINT parcel_key_folder_check CHECK ((folder = ANY (ARRAY['inbox'::text, 'sent'::text, 'drafts'::text]))),
    CONSTRAINT parcel_key_manner_check CHECK ((manner = ANY (ARRAY['reply'::text, 'replyall'::text, 'forward'::text])))
);


--
-- Name: passkey; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.passkey (
    id uuid NOT NULL,
    account uuid NOT NULL,
    credential bytea NOT NULL,
    public_key bytea NOT NULL,
    algorithm integer NOT NULL,
    counter bigint NOT NULL,
    name text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: policy_version; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.policy_version (
    digest text NOT NULL,
    content text NOT NULL,
    first_used_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: portal_session; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.portal_session (
    id uuid NOT NULL,
    cookie_hash bytea NOT NULL,
    state text NOT NULL,
    account uuid,
    wrapped bytea,
    challenge bytea,
    browser text NOT NULL,
    network text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT portal_session_check CHECK (((account IS NULL) = (state = 'guest'::text))),
    CONSTRAINT portal_session_state_check CHECK ((state = ANY (ARRAY['guest'::text, 'half'::text, 'member'::text])))
);


--
-- Name: private_key; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.private_key (
    key uuid NOT NULL,
    sealed bytea NOT NULL
);


--
-- Name: receipt; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.receipt (
    id bigint NOT NULL,
    parcel uuid,
    message uuid NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    what text NOT NULL,
    form text DEFAULT 'mail'::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT receipt_form_check CHECK ((form = ANY (ARRAY['mail'::text, 'mdn'::text, 'dsn'::text]))),
    CONSTRAINT receipt_what_check CHECK ((what = ANY (ARRAY['opened'::text, 'expired'::text, 'locked'::text, 'lost'::text, 'deleted'::text])))
);


--
-- Name: receipt_id_seq; Type: SEQUENCE; Schema: postseal; Owner: -
--

ALTER TABLE postseal.receipt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME postseal.receipt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: refused; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.refused AS
 SELECT log.offered_at,
    log.queue_id,
    log.sender,
    log.authenticated,
    log.recipient,
    log.method,
    log.state,
    log.state_at,
    log.reason,
    log.rule_line,
    log.rule,
    log.keys,
    log.signed_by,
    log.message_id,
    log.size,
    log.policy,
    log.message,
    log.copy,
    log.trace
   FROM postseal.log
  WHERE (log.state = 'refused'::text);


--
-- Name: sender_page; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.sender_page (
    message uuid NOT NULL,
    digest bytea NOT NULL,
    boxed bytea NOT NULL,
    sender text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: session_key; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.session_key (
    session uuid NOT NULL,
    parcel_key uuid NOT NULL,
    wrapped bytea NOT NULL
);


--
-- Name: throttle; Type: TABLE; Schema: postseal; Owner: -
--

CREATE TABLE postseal.throttle (
    what text NOT NULL,
    whom bytea NOT NULL,
    count integer NOT NULL,
    until timestamp with time zone NOT NULL
);


--
-- Name: trouble; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.trouble AS
 SELECT log.offered_at,
    log.queue_id,
    log.sender,
    log.authenticated,
    log.recipient,
    log.method,
    log.state,
    log.state_at,
    log.reason,
    log.rule_line,
    log.rule,
    log.keys,
    log.signed_by,
    log.message_id,
    log.size,
    log.policy,
    log.message,
    log.copy,
    log.trace
   FROM postseal.log
  WHERE (log.state = ANY (ARRAY['failed'::text, 'locked'::text, 'expired'::text]));


--
-- Name: unprotected; Type: VIEW; Schema: postseal; Owner: -
--

CREATE VIEW postseal.unprotected AS
 SELECT log.offered_at,
    log.queue_id,
    log.sender,
    log.authenticated,
    log.recipient,
    log.method,
    log.state,
    log.state_at,
    log.reason,
    log.rule_line,
    log.rule,
    log.keys,
    log.signed_by,
    log.message_id,
    log.size,
    log.policy,
    log.message,
    log.copy,
    log.trace
   FROM postseal.log
  WHERE (log.method = 'plain'::text);


--
-- Data for Name: account; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.account (id, address, shown, language, created_at, salt, wrapped, recovery_salt, recovery_wrapped, public_key, totp, totp_step, wish) FROM stdin;
01a21758-02db-7922-a1ac-4f12952e91d0	member@pickup.example	member@pickup.example	en	2026-11-26 10:12:54.779249+00	\\x8ef0d2a1e60e77d0a4b94e28b5b68cf7	\\xee3f6c1d4d9041934489e3ea7149e58d1d42a8d525ed8242b513215697c6d09876771cba9072cf144e8c43b355a7f2e6d504563a3d14fe34c6e57e190210344d57980a1c7fbf5409	\\x9669e89d38eff4ee5125439978a30cd5	\\x466eb55d6195e28489d35904a567fabb7eeb4848a81e4b267713bac7a33d9fbd939ea2be5b5529b9a5a18d16aa9bd74d30de5c241256ed75aa9ee66fa104a39492223373cb792a2d	\\xbb4cba023788fb6310b28396499e0e8053b18f05889370bdcd0bd118654c7e4c	\N	0	\N
\.


--
-- Data for Name: address_proof; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.address_proof (token_hash, address, shown, language, expires_at) FROM stdin;
\.


--
-- Data for Name: attestation; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.attestation (id, kind, subject, address, author, how, made_at, revoked_at, revoked_because) FROM stdin;
01a21758-0779-7833-a593-6a3299ff06d7	account	35bb8153518c75d02f5ce446c754b51ae2b727ee6e16722cda0c74fb455b6d10	member@pickup.example	anna@example.com	unlock code	2026-11-26 10:12:54.779249+00	\N	\N
\.


--
-- Data for Name: copy; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.copy (id, message, recipient, address, rule_line, rule, method, reason, trace, keys, signed_by, state, state_at, first_state, first_reason, decided_at) FROM stdin;
01a21757-f7d0-7b3b-9fcd-f020651b3161	01a21757-f7bb-7a46-a499-ff9e98b54570	kim@plain.example	kim@plain.example	30	match recipient domain "plain.example" deliver plain	plain	the rule allows it in plain	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": true}], "methods": [{"method": "plain", "because": "the rule allows it in plain", "possible": true}]}	{}	\N	handed	2026-11-26 10:12:50.768469+00	handed	the rule allows it in plain	2026-11-26 10:12:50.769322+00
01a21757-f808-7a82-b243-a37dee7dce5a	01a21757-f808-7d20-8469-1f69ba52289d	kim@plain.example	kim@plain.example	30	match recipient domain "plain.example" deliver plain	plain	the rule allows it in plain	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": true}], "methods": [{"method": "plain", "because": "the rule allows it in plain", "possible": true}]}	{}	\N	handed	2026-11-26 10:12:50.843614+00	handed	the rule allows it in plain	2026-11-26 10:12:50.84407+00
01a21757-f843-705b-9c62-bacb16df3471	01a21757-f843-7e05-a913-9bddc3c2bb98	x@refused.example	x@refused.example	29	match recipient domain "refused.example" reject "No."	\N	No.	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": true}], "methods": []}	{}	\N	refused	2026-11-26 10:12:50.885166+00	refused	No.	2026-11-26 10:12:50.885478+00
01a21757-f808-70a7-9dfd-f18902536995	01a21757-f808-7d20-8469-1f69ba52289d	sue@smime.example	sue@smime.example	31	match recipient domain "smime.example" deliver smime	smime	certificate 13aacc3fc4d9bde9, AES-256-CBC	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": true}], "methods": [{"method": "smime", "because": "certificate 13aacc3fc4d9bde9, AES-256-CBC", "possible": true}]}	{13aacc3fc4d9bde9d2689a580c6b08e896606748d3f8f234acb4b99bfc58c9f6}	802ec405de2a9bea508f3f9384c8b2d891ab6af2bdcf136bf90ba4b7c29e57cd	sent	2026-11-26 10:12:50.906027+00	queued	certificate 13aacc3fc4d9bde9, AES-256-CBC	2026-11-26 10:12:50.84393+00
01a21757-f8cc-7657-915b-0e48a4bf1595	01a21757-f8cc-733a-a4b1-86963b86b58c	unread@pickup.example	unread@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	the message waits behind the portal	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	parked	2026-11-26 10:12:51.02323+00	parked	the message waits behind the portal	2026-11-26 10:12:51.023731+00
01a21757-faa2-771b-8c8e-8a635079edb8	01a21757-faa2-739d-837e-e02a962e6fd5	guest@pickup.example	guest@pickup.example	28	match subject tag "[receipt]" recipient domain "pickup.example" deliver pickup receipt	pickup	its recipient read it	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	opened	2026-11-26 10:12:51.819649+00	parked	the message waits behind the portal	2026-11-26 10:12:51.491126+00
01a21757-fce1-780f-866c-72827254d5f2	01a21757-fce1-7bf1-8311-919ef16df1e7	locked@pickup.example	locked@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	too many wrong unlock codes	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	locked	2026-11-26 10:12:52.437964+00	parked	the message waits behind the portal	2026-11-26 10:12:52.067528+00
01a21757-fee7-76e8-9fab-d9caefc5eddb	01a21757-fee7-700e-94a0-0b57babea6a7	recalled@pickup.example	recalled@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	by the admin, unread	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	recalled	2026-11-26 10:12:52.947219+00	parked	the message waits behind the portal	2026-11-26 10:12:52.583972+00
01a21758-0170-7bef-9e3f-aca976f1e5db	01a21758-0170-70bc-aa50-c48cf147e027	member@pickup.example	member@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	its recipient read it	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	opened	2026-11-26 10:12:53.569895+00	parked	the message waits behind the portal	2026-11-26 10:12:53.232863+00
01a21758-079c-72f7-9dcc-f14c159dfe08	01a21758-079c-72c3-aa16-0d3e7bb23e7e	member@pickup.example	member@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	the message waits behind the portal	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	parked	2026-11-26 10:12:54.815227+00	parked	the message waits behind the portal	2026-11-26 10:12:54.815535+00
01a21758-0855-74f5-a9d7-7a392e1df14b	01a21758-0855-78d8-a0d1-96c0f450d42d	anna@example.com	anna@example.com	0	an answer in a conversation of the portal	plain	to the company itself	{}	{}	\N	queued	2026-11-26 10:12:54.998243+00	queued	to the company itself	2026-11-26 10:12:54.998834+00
01a21758-0977-7845-b8e4-3745c1f817aa	01a21758-0977-7a3c-a2c4-f69391162c76	sue@smime.example	sue@smime.example	31	match recipient domain "smime.example" deliver smime	smime	certificate 13aacc3fc4d9bde9, AES-256-CBC	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": true}], "methods": [{"method": "smime", "because": "certificate 13aacc3fc4d9bde9, AES-256-CBC", "possible": true}]}	{13aacc3fc4d9bde9d2689a580c6b08e896606748d3f8f234acb4b99bfc58c9f6}	802ec405de2a9bea508f3f9384c8b2d891ab6af2bdcf136bf90ba4b7c29e57cd	queued	2026-11-26 10:12:55.292833+00	queued	certificate 13aacc3fc4d9bde9, AES-256-CBC	2026-11-26 10:12:55.293131+00
01a21758-0977-7099-84d3-5e796895b481	01a21758-0977-7a3c-a2c4-f69391162c76	pat@pgp.example	pat@pgp.example	32	match recipient domain "pgp.example" deliver pgp	pgp	OpenPGP key 0F0C985C1863048AA141D053803E03E65B3A1F86	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": true}], "methods": [{"method": "pgp", "because": "OpenPGP key 0F0C985C1863048AA141D053803E03E65B3A1F86", "possible": true}]}	{0F0C985C1863048AA141D053803E03E65B3A1F86}	\N	queued	2026-11-26 10:12:55.292833+00	queued	OpenPGP key 0F0C985C1863048AA141D053803E03E65B3A1F86	2026-11-26 10:12:55.293254+00
01a21758-0977-7357-b134-9186610a0082	01a21758-0977-7a3c-a2c4-f69391162c76	kim@plain.example	kim@plain.example	30	match recipient domain "plain.example" deliver plain	plain	the rule allows it in plain	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": true}], "methods": [{"method": "plain", "because": "the rule allows it in plain", "possible": true}]}	{}	\N	handed	2026-11-26 10:12:55.292833+00	handed	the rule allows it in plain	2026-11-26 10:12:55.293387+00
01a21758-0a4b-761c-aab5-c0aca7445dca	01a21758-0a4b-710f-aa48-a84a967ac28d	waiting@pickup.example	waiting@pickup.example	33	match recipient domain "pickup.example" deliver pickup expire 14 days	pickup	the message waits behind the portal	{"rules": [{"line": 26, "rule": "match portal recipient \\"office@example.com\\" deliver plain", "matched": false, "because_not": "portal"}, {"line": 27, "rule": "match conversation deliver smime, pgp, pickup", "matched": false, "because_not": "conversation"}, {"line": 28, "rule": "match subject tag \\"[receipt]\\" recipient domain \\"pickup.example\\" deliver pickup receipt", "matched": false, "because_not": "subject tag \\"[receipt]\\""}, {"line": 29, "rule": "match recipient domain \\"refused.example\\" reject \\"No.\\"", "matched": false, "because_not": "recipient domain \\"refused.example\\""}, {"line": 30, "rule": "match recipient domain \\"plain.example\\" deliver plain", "matched": false, "because_not": "recipient domain \\"plain.example\\""}, {"line": 31, "rule": "match recipient domain \\"smime.example\\" deliver smime", "matched": false, "because_not": "recipient domain \\"smime.example\\""}, {"line": 32, "rule": "match recipient domain \\"pgp.example\\" deliver pgp", "matched": false, "because_not": "recipient domain \\"pgp.example\\""}, {"line": 33, "rule": "match recipient domain \\"pickup.example\\" deliver pickup expire 14 days", "matched": true}], "methods": [{"method": "pickup", "because": "the message waits behind the portal", "possible": true}]}	{}	\N	parked	2026-11-26 10:12:55.49999+00	parked	the message waits behind the portal	2026-11-26 10:12:55.500276+00
\.


--
-- Data for Name: event; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.event (id, at, message, copy, what, detail) FROM stdin;
1	2026-11-26 10:12:50.912949+00	01a21757-f808-7d20-8469-1f69ba52289d	01a21757-f808-70a7-9dfd-f18902536995	sent	certificate 13aacc3fc4d9bde9, AES-256-CBC
2	2026-11-26 10:12:50.913576+00	01a21757-f808-7d20-8469-1f69ba52289d	01a21757-f808-70a7-9dfd-f18902536995	copy handed to the MTA	250 2.0.0 Ok: queued as DC9625207B7
3	2026-11-26 10:12:51.107933+00	01a21757-f8cc-733a-a4b1-86963b86b58c	01a21757-f8cc-7657-915b-0e48a4bf1595	notice handed to the MTA	250 2.0.0 Ok: queued as 196AF5207C2
4	2026-11-26 10:12:51.141009+00	01a21757-f8cc-733a-a4b1-86963b86b58c	\N	code handed to the MTA	250 2.0.0 Ok: queued as 1D2865207C2
5	2026-11-26 10:12:51.521785+00	01a21757-faa2-739d-837e-e02a962e6fd5	\N	receipt handed to the MTA	250 2.0.0 Ok: queued as 7EE985207C4
6	2026-11-26 10:12:51.52486+00	01a21757-faa2-739d-837e-e02a962e6fd5	01a21757-faa2-771b-8c8e-8a635079edb8	notice handed to the MTA	250 2.0.0 Ok: queued as 7FB955207C4
7	2026-11-26 10:12:51.540152+00	01a21757-faa2-739d-837e-e02a962e6fd5	\N	code handed to the MTA	250 2.0.0 Ok: queued as 806A15207C4
8	2026-11-26 10:12:51.743229+00	01a21757-faa2-739d-837e-e02a962e6fd5	01a21757-faa2-771b-8c8e-8a635079edb8	unlocked	link and unlock code
9	2026-11-26 10:12:51.821537+00	01a21757-faa2-739d-837e-e02a962e6fd5	01a21757-faa2-771b-8c8e-8a635079edb8	opened	its recipient read it
10	2026-11-26 10:12:51.893559+00	01a21757-faa2-739d-837e-e02a962e6fd5	\N	receipt handed to the MTA	250 2.0.0 Ok: queued as D4D805207D1
11	2026-11-26 10:12:52.112795+00	01a21757-fce1-7bf1-8311-919ef16df1e7	01a21757-fce1-780f-866c-72827254d5f2	notice handed to the MTA	250 2.0.0 Ok: queued as 1A5BF5207D8
12	2026-11-26 10:12:52.121407+00	01a21757-fce1-7bf1-8311-919ef16df1e7	\N	code handed to the MTA	250 2.0.0 Ok: queued as 1D3A25207D8
13	2026-11-26 10:12:52.438492+00	01a21757-fce1-7bf1-8311-919ef16df1e7	01a21757-fce1-780f-866c-72827254d5f2	locked	too many wrong unlock codes
14	2026-11-26 10:12:52.456692+00	01a21757-fce1-7bf1-8311-919ef16df1e7	\N	receipt handed to the MTA	250 2.0.0 Ok: queued as 6EB565207E2
15	2026-11-26 10:12:52.643547+00	01a21757-fee7-700e-94a0-0b57babea6a7	01a21757-fee7-76e8-9fab-d9caefc5eddb	notice handed to the MTA	250 2.0.0 Ok: queued as 985B55207DC
16	2026-11-26 10:12:52.655691+00	01a21757-fee7-700e-94a0-0b57babea6a7	\N	code handed to the MTA	250 2.0.0 Ok: queued as 9EC2B5207E4
17	2026-11-26 10:12:52.965514+00	01a21757-fee7-700e-94a0-0b57babea6a7	01a21757-fee7-76e8-9fab-d9caefc5eddb	recalled	by the admin, unread
18	2026-11-26 10:12:53.299836+00	01a21758-0170-70bc-aa50-c48cf147e027	01a21758-0170-7bef-9e3f-aca976f1e5db	notice handed to the MTA	250 2.0.0 Ok: queued as 473EB5207EA
19	2026-11-26 10:12:53.307504+00	01a21758-0170-70bc-aa50-c48cf147e027	\N	code handed to the MTA	250 2.0.0 Ok: queued as 496825207EC
20	2026-11-26 10:12:53.54372+00	01a21758-0170-70bc-aa50-c48cf147e027	01a21758-0170-7bef-9e3f-aca976f1e5db	unlocked	link and unlock code
21	2026-11-26 10:12:53.570386+00	01a21758-0170-70bc-aa50-c48cf147e027	01a21758-0170-7bef-9e3f-aca976f1e5db	opened	its recipient read it
22	2026-11-26 10:12:54.871949+00	01a21758-079c-72c3-aa16-0d3e7bb23e7e	01a21758-079c-72f7-9dcc-f14c159dfe08	notice handed to the MTA	250 2.0.0 Ok: queued as D3CDC5207F7
23	2026-11-26 10:12:55.043509+00	01a21758-0855-78d8-a0d1-96c0f450d42d	01a21758-0855-74f5-a9d7-7a392e1df14b	reply handed to the MTA	250 2.0.0 Ok: queued as 08AC85207F9
\.


--
-- Data for Name: key; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.key (id, kind, fingerprint, role, content, owner, not_before, not_after, pinned, capabilities, problem, imported_at, imported_by, given_by) FROM stdin;
01a21757-ed33-7ded-9d5f-18cc9a45f79e	smime	96a60ffc80e4d81fe17d3b0f28dbb46abdebb9ed94f8112f06a0816fa0d3f685	root	\\x3082034f30820237a003020102021441a855a3435f64fcec0d918954c4111b56334e1e300d06092a864886f70d01010b0500302f31163014060355040a0c0d4578616d706c652054727573743115301306035504030c0c4578616d706c6520526f6f74301e170d3236313132363130313233345a170d3236313232363130313233345a302f31163014060355040a0c0d4578616d706c652054727573743115301306035504030c0c4578616d706c6520526f6f7430820122300d06092a864886f70d01010105000382010f003082010a0282010100b9806e5da763e520062996ad44d460382fc9b3e9282d899583fd260037c40cbc6d0bda52c75e604071435f190da675e683800230a7d56f6c26ff5bc007c43e972a996a8fcd0e2bf509b11d2bde3809fc6dce3fb219c79acdccc4aebc89df2df7f5a2935603dd86b2f49ad9619acc80dde394bf60d70fa1991593989e0560c29470451d4bc6e68b81173348ebb54b5f6d8e08be53fc4243c97d09c3114ac0b68d6bef8d7fa9d8eb9f5f6ee93b981ba1a6b891cbe0e18545e6d6f24612969582fcf197e3cc1ffed87850e755c0588099a57c4be76063ceb2d6ea8066e8fcec38b73e65dfc55bd5adc0bae62307f5e940f029989d41007df557c0bd15c3306a753f0203010001a3633061301d0603551d0e041604147daab00e5d424b64e5ff1d816020e569c3bc32fb301f0603551d230418301680147daab00e5d424b64e5ff1d816020e569c3bc32fb300f0603551d130101ff040530030101ff300e0603551d0f0101ff040403020106300d06092a864886f70d01010b050003820101007f38f480de908c37ce77941a8fa4561102a55ccf05eb699cbb560a7c7f8b978fede9a2e2d1902bdd56d56118ed7883b85756ec56adbe937f8a587d0c9fd4530b9af5b40da9602068671e53750e8cc04ed1394b16934283a98c4e9e8ea120a5b229311a2916e833df4322c4ef5123ccbfe58dea1fb9580b124950b7d41106a96dd3c237f83e2a9513b9c227c91d7aebcfc410305aed14d65057c232e8ffc433d0c85dc984422a4c4e416765eec085267ff4efffebfbf4232d52c44fad4ce92d3d1427954e22a72f9748ef5a918eabf35a1386ab0e832dc6dc597444d8f77e5ffc5bbe4ac2812f46a72023b495efb74be442a082e6845041bb2c3ce55d601daad2	CN=Example Root,O=Example Trust	2026-11-26 10:12:34+00	2026-12-26 10:12:34+00	f	{}	\N	2026-11-26 10:12:48.051231+00	root	\N
01a21757-f24f-729d-aefe-785054cae8e8	smime	802ec405de2a9bea508f3f9384c8b2d891ab6af2bdcf136bf90ba4b7c29e57cd	own	\\x3082034e30820236a00302010202142295dc4f7bccceab9478b5370ead204762dc3059300d06092a864886f70d01010b0500302f31163014060355040a0c0d4578616d706c652054727573743115301306035504030c0c4578616d706c6520526f6f74301e170d3236313132363130313234395a170d3236313231363130313234395a300f310d300b06035504030c04616e6e6130820122300d06092a864886f70d01010105000382010f003082010a0282010100aeae0f83ffff0e7527b3841178176eb4d3a922b838b82c57dd9c74e84cc241813db51621debff96583853a051ba71ffde24f42723bffac389d0dbbbc98b8e8edb9d9f872ff6bd1d8a771fe00c09b32a67adae3cbc281d820d8f14bc1cdaacc973d4c19c7b4fab5bf214287de3b747a0542d99cb6d20fbed00007566442de367a0d78474c6caf8a96f29fc4cf2b602e956effbcd44853b37d7f26c0c6476935b340314a618d49746ddc1a07920f9f99742d4a30295fbb6cfd533e3ae46fcb6fa835ab803cdc9342ed7eca469c7e8ae0b5cf687abe4bbf00aed32b3bd1efcb01bbd28f706bc386c1e2339fc60cb5358f1dd81bbdcf7505d5654b47e2eca22e15590203010001a38181307f301b0603551d11041430128110616e6e61406578616d706c652e636f6d300b0603551d0f0404030203a830130603551d25040c300a06082b06010505070304301d0603551d0e041604146aeadcb1a0ac718ed4c3303f30508aa554b3f89e301f0603551d230418301680147daab00e5d424b64e5ff1d816020e569c3bc32fb300d06092a864886f70d01010b050003820101008215bd7edf1d482d6fde7d8a6ccdb18a777ae1c65a2919ff8c8689a49a215df2ab1c869bba311a61e6441b5efd18309ab68e10769865537b94b95a78591fd12b3947275b15cc0ae75771c4eb0158749e58a10f13317b6c40b85acf8cad0278a6576496952e95b563342669d5dc3057255ff8af45e6aacb0f0d0c302cf2e24f031b2589588c5d0eaba4fca6eee0e82d1af95a7de53ecbe6b89f233c61e9ffeca45fafa36f9639e22a0be5fc810a14f492864efc3f6942383fab4793911e6007afed2f35864ba2c55c50f70097e4826fcacd9d256e754353c8bb39bfc3601056c3d42838075d578aeb49ac81d74f27330f9827e15d360fe12049fed8af13dd8da8	CN=anna	2026-11-26 10:12:49+00	2026-12-16 10:12:49+00	f	{}	\N	2026-11-26 10:12:49.46147+00	root	\N
01a21757-f5cc-750c-a30f-9a7bf202e45a	smime	13aacc3fc4d9bde9d2689a580c6b08e896606748d3f8f234acb4b99bfc58c9f6	recipient	\\x3082034f30820237a00302010202142295dc4f7bccceab9478b5370ead204762dc305a300d06092a864886f70d01010b0500302f31163014060355040a0c0d4578616d706c652054727573743115301306035504030c0c4578616d706c6520526f6f74301e170d3236313132363130313235305a170d3236313231363130313235305a300e310c300a06035504030c0373756530820122300d06092a864886f70d01010105000382010f003082010a0282010100e8bf1a8565361b7cfef0aab2bbc302ecd9999071b709af7bbc065936f88df27721ae4c0d3eaef1b726922b09d3066dd17b5f6740c6ac582d9c1607f50024430f987c9b88a3b6d4b9be6477ab2a1e9473281f0d4d741d8ae30fb4ba8a99db23e6fc428ce601cb6afeb095f927fbadb62256f7d52dc4a459cfc9d64faf6a7f092ecf4bd0ee54ec9903f545938aea2f68284cc279522820649c66537db77223d69942b3e7911ad54d1a4851ed3aac3e344a72afa4979ecb73abd56ee3b89c5c4e6d0b3649a2308c3afb5ee07293a8cc1576ce1ce1b54026f8c60954aa4fd9e3abff0fc1604eb63d93764717d105a1311b1451dd9b08d624fec33fa6f95b279709b70203010001a38183308180301c0603551d1104153013811173756540736d696d652e6578616d706c65300b0603551d0f0404030203a830130603551d25040c300a06082b06010505070304301d0603551d0e0416041412fa5a288b86dcb5be4651a6703236adddd38ebd301f0603551d230418301680147daab00e5d424b64e5ff1d816020e569c3bc32fb300d06092a864886f70d01010b050003820101000e70c2ff886df47a440041cd471fdcc5da15b5491e715a5b557a35e8e7cfac2921c8e805c6264e859ae03419fb3db355b02d49ccc4914aa7ae9a09b08815db898f62853ec2afb2cc18cf85fbca4a2dabe5c470a5379196d841fda0f1da5f3cbbd5c46ce97f95fb51a1f01d38e3c51bb034f635ae2e9d7a386dc36056a3febf4952b3493356d58dbed1b6e76bc22a0aba55cf23669e828c2b0d34831272df6d8880271b5d9b4f55a051fb8b26542f18d875262ca2b3cea44b12b627055f44a2c4ab3d16bb8a86da99135ea4274065ef4ab76566aad175f320fd86edf3ba8224ab5ba618de8546abec903caeff6d70adeb2f41f363928d5e27e8ce6c03e17bbf24	CN=sue	2026-11-26 10:12:50+00	2026-12-16 10:12:50+00	f	{}	\N	2026-11-26 10:12:50.251767+00	root	\N
01a21757-f74f-7234-92af-70609c51f464	pgp	0F0C985C1863048AA141D053803E03E65B3A1F86	recipient	\\x9833046b08062216092b06010401da470f010107409bb7e4529aaa3d3b44107cf84aa1fe1083d0381ed7f1c6e7d4eb02f25f7ce1a6b41654657374203c706174407067702e6578616d706c653e889604131608003e1621040f0c985c1863048aa141d053803e03e65b3a1f8605026b080622021b03050900278d00050b0908070206150a09080b020416020301021e01021780000a0910803e03e65b3a1f86671000fe29c2a37d753a734bb63ee6e588035b2677625c4c9a4cf988f68e2a6a32e31a7f00ff791b0f99de944869a2157ab72caff344991abb8317265c3f26d1ad338ab2ae0eb838046b080622120a2b060104019755010501010740fac70782a7de5b66ba894a279aa4242529c3560d346e3f2d84d7c7d1858f4e1a0301080788780418160800201621040f0c985c1863048aa141d053803e03e65b3a1f8605026b080622021b0c000a0910803e03e65b3a1f86ab9900fd1f61225b8796910975be77c4e4520409c414ea5bd981ace6fad7fc1ed53ba64200fe22a0ecca4a6654e8dc9cdb29775ff6b6b35a0d53cdb915f0f253cfb310a1eb08	Test <pat@pgp.example>	2026-11-26 10:12:50+00	2026-12-26 10:12:50+00	t	{}	\N	2026-11-26 10:12:50.639373+00	root	\N
\.


--
-- Data for Name: key_address; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.key_address (key, address) FROM stdin;
01a21757-f24f-729d-aefe-785054cae8e8	anna@example.com
01a21757-f5cc-750c-a30f-9a7bf202e45a	sue@smime.example
01a21757-f74f-7234-92af-70609c51f464	pat@pgp.example
\.


--
-- Data for Name: message; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.message (id, identity, offered_at, last_offered_at, offers, queue_id, authenticated, client, sender, message_id, size, policy) FROM stdin;
01a21757-f7bb-7a46-a499-ff9e98b54570	\\x15b8973863785004198fef9cade6dcdc6127a54cb20fa79d7c408ad7f85cf8d1	2026-11-26 10:12:50.768469+00	2026-11-26 10:12:50.768469+00	1	B41935207AF	\N	localhost [127.0.0.1]	anna@example.com	<179568797069.22841.306238781514618341@example.com>	239	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-f808-7d20-8469-1f69ba52289d	\\x0fccbe15e09030ee28d248e07469517f5d1ad7ad1538dce02809e2d8d33e4165	2026-11-26 10:12:50.843614+00	2026-11-26 10:12:50.843614+00	1	C87985207B3	\N	localhost [127.0.0.1]	anna@example.com	<179568797079.22841.8150618917526595000@example.com>	259	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-f843-7e05-a913-9bddc3c2bb98	\N	2026-11-26 10:12:50.885166+00	2026-11-26 10:12:50.885166+00	1	D681F5207B7	\N	localhost [127.0.0.1]	anna@example.com	<179568797087.22841.16249638032591330710@example.com>	241	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-f8cc-733a-a4b1-86963b86b58c	\\x3b7f19890eabdc215df1241929a4830ae5cfd7fd4311336b7972720d59a3178b	2026-11-26 10:12:51.02323+00	2026-11-26 10:12:51.02323+00	1	04E525207C1	\N	localhost [127.0.0.1]	anna@example.com	<179568797101.22841.7143282835948246861@example.com>	259	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-faa2-739d-837e-e02a962e6fd5	\\x7a27f0fbf5ca5b68b900b6be3a24f89b66667fca3c1974c86fc3bbcd866b8d92	2026-11-26 10:12:51.49073+00	2026-11-26 10:12:51.49073+00	1	777AF5207C4	\N	localhost [127.0.0.1]	anna@example.com	<179568797147.22841.14533461904173032673@example.com>	267	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-fce1-7bf1-8311-919ef16df1e7	\\x92b8d7f9eacec17cb25e6d47fe3f656bc6e6af66daca375a6efa522650961c7a	2026-11-26 10:12:52.067212+00	2026-11-26 10:12:52.067212+00	1	0E8A55207DA	\N	localhost [127.0.0.1]	anna@example.com	<179568797203.22841.5170762564851322096@example.com>	268	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21757-fee7-700e-94a0-0b57babea6a7	\\x39c280a78b99a8e8776b30719e84cdb06817def4d562858b469a8dec5dfd972c	2026-11-26 10:12:52.58372+00	2026-11-26 10:12:52.58372+00	1	8AD475207DC	\N	localhost [127.0.0.1]	anna@example.com	<179568797256.22841.5804335523108165771@example.com>	270	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21758-0170-70bc-aa50-c48cf147e027	\\xddde13eb71d0e4df7a5857a4e98bf9ff7d5dc836a3ce1af5ed17ac7a34b2789e	2026-11-26 10:12:53.232519+00	2026-11-26 10:12:53.232519+00	1	37A3E5207EA	\N	localhost [127.0.0.1]	anna@example.com	<179568797321.22841.16796334961965291198@example.com>	260	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21758-079c-72c3-aa16-0d3e7bb23e7e	\\xa91206b0792b7ff6777ad5df696387273a650faec30be07f21f1668a61974573	2026-11-26 10:12:54.815227+00	2026-11-26 10:12:54.815227+00	1	C62795207F7	\N	localhost [127.0.0.1]	anna@example.com	<179568797480.22841.13560656794842387581@example.com>	260	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21758-0855-78d8-a0d1-96c0f450d42d	\\xadcdf0fa226fc6c6f56025756b4adb46607a8c75356897ac309c9d4cca193271	2026-11-26 10:12:54.998243+00	2026-11-26 10:12:54.998243+00	1	\N	member@pickup.example	portal	member@pickup.example	<01a21758-0855-7531-bd2d-2c387694fa9e.portal@example.com>	443	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21758-0977-7a3c-a2c4-f69391162c76	\\xb650c1d96355638122b81e060d6306cc0cbcc13706d1cf296618224091edd769	2026-11-26 10:12:55.292833+00	2026-11-26 10:12:55.292833+00	1	4340F5207FE	\N	localhost [127.0.0.1]	anna@example.com	<179568797526.22841.2152511422879063859@example.com>	283	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
01a21758-0a4b-710f-aa48-a84a967ac28d	\\x7d2c12d747531444824af13ee372d5d6f35a8a391bb69782ffa9b07ce6e96f71	2026-11-26 10:12:55.49999+00	2026-11-26 10:12:55.49999+00	1	761475207FF	\N	localhost [127.0.0.1]	anna@example.com	<179568797546.22841.18288862154722803088@example.com>	260	aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0
\.


--
-- Data for Name: migration; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.migration (name, digest, applied_at) FROM stdin;
core/sql/001_roles.sql	7234f4f38f211defaa1a8498810821d168b8369548dfb319bab981fc7f0f3926	2026-11-26 10:12:37.315894+00
audit/sql/001_log.sql	55ea31a471f33bb3921e672e9bea00c5da7e16ceed459a17b46e0f6c6e57ff5a	2026-11-26 10:12:37.343611+00
keystore/sql/001_keys.sql	afc5dd1c5b644a708fe8dbe2fe97280b06cf724f0b5da08d7280136a20096bd8	2026-11-26 10:12:37.551679+00
delivery/sql/001_outbox.sql	b84e225e6f0f35b8a1e34a53f9a0cb48980bd775ca7bfa73bbce0545e82190cf	2026-11-26 10:12:37.663567+00
delivery/sql/002_pickup.sql	330668b95a180fa797e220a0542a7e2a2d9780e6142e74ad62b073a89f402c91	2026-11-26 10:12:37.746764+00
keystore/sql/002_attestation.sql	59fbba32b7e778e21aaa580521e12d81eee5d5e7d21aed5ba1f20e2b48506751	2026-11-26 10:12:37.967303+00
delivery/sql/003_accounts.sql	f7a439c52f54652ade3592d932b9045113eb53f9902a7ada6b2b0fb981d3845e	2026-11-26 10:12:38.021038+00
delivery/sql/004_mailbox_indexes.sql	c95b4f2c00a2c60de09dd983494eed3327035437e557c414b015dc2694a90d70	2026-11-26 10:12:38.235271+00
delivery/sql/005_own_mail.sql	05c36f7d95f3dbedf02a4ece476f5f2cb0ec4942ae1e5879d68b61096c89f32c	2026-11-26 10:12:38.27338+00
\.


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.outbox (id, message, kind, sender, ret, envid, smtputf8, verified, boxed_key, header, state, attempts, created_at, expires_at, next_attempt_at, courier, last_reply) FROM stdin;
01a21758-0978-7d6b-8dea-c1d81e5a3306	01a21758-0977-7a3c-a2c4-f69391162c76	copy	anna@example.com	\N	\N	f	f	\\x5b6756e23b7fab052412270c53e73b791c9bb935a6788f49ebde100d59821071543509dc78f7eedb584e61200aedfa2fce1283d3890f3b56c9c5b0d0b5c1e170cd059af633c491b7945bf62d7d08c59e	\\x0dad3a7d46c48d49fc671e7ef8c12b3b0b0989e1680aaa3755dd9f9210b2182a	waiting	0	2026-11-26 10:12:55.292833+00	2026-12-01 10:12:55.292833+00	2026-11-26 10:12:55.292833+00	\N	\N
01a21758-097c-7475-82ad-d99caecb0fb2	01a21758-0977-7a3c-a2c4-f69391162c76	copy	anna@example.com	\N	\N	f	f	\\xb4878556050def0a5da5659eb4f42e7d5d21d1d0da6ed01b98262b683e51680173ab840c4cadb8b716ce1ea78de49168d1db40386b20af6db08ddb9cd2c8e706975d04c2ce0f892afb0acf1d4092162b	\\x46d377dc04816d21f71ab79891e1d55bfe3779c66c871057eb580a0b26ccb9bf	waiting	0	2026-11-26 10:12:55.292833+00	2026-12-01 10:12:55.292833+00	2026-11-26 10:12:55.292833+00	\N	\N
\.


--
-- Data for Name: outbox_chunk; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.outbox_chunk (outbox, number, content) FROM stdin;
01a21758-0978-7d6b-8dea-c1d81e5a3306	0	\\xe7dc5bf9e664f92bc7970d9062a1462e6b8526967afade1b8958cc2a177a94b51b99940fa3cafcb805550100c117fbb476ccc7a7c4f6d9a1996f89c92fe4e01f806558b6e7f095f2a9924cd5dd94b05c076378f9839b49c5a63a2f11f00d98a1143631d9c3956fa1e7b75d0e1db667c7e67402b212b7c3d093913c8ade8ad729bced509f3371616093428ed7bfd9271b4dda896d97e716de90a761b10f5e202c470c0769355d6708d9627f2e7c12032cd0f88b08af7b581f040e152cf8518d852598d724c07f407dcce862144f6130a9bd0c75fd11d9027ce77b878d607fd8b95cf9f0c68d0bdf72303949c54374f01c2329c2e56b245c6f318f14420f7989e82da7ce15a104e7f1df45b5dc85bf3a879364bd16c9322c9c8154d118eba9be417d064b724ae16fc6cc61b2d4d54419f3015e3fae624d47df4b4312b85365efd8a9733ba40b5cae3571e16d96cb5fef32d76c1cc4aea5db77969392b5a80766251d760b65304e69c9940b46a62ece2a7584abe0b8200977141eba22930010268185f67268541d9a98c65caee23a2d37cd368744eb03f0da1659fa8684a4682f7ec1ba41283f7835575629816326f32c05b2471c7a691f3f2e5058a1fa580086788647d3cabdba643c5c4eafddb9526b46e4324fa4475d6577e34c3841101052e599b0f40dfcf8cd1df7a914d0bff84dff0ca6defb2cb4ee59898823c061a37069a01105544f00b592501c450f4d053946a4016fdff21c628b223474d029f1093329364e7f2aaf980c35400ff3ec49ac525d985794ffadcb2f5899066643f6bc25a25c77ddc93f505e186d7993d3c98612472dd4f6ac6f2e14dc827fc66bbef71deaa6387a22882eb84446254c65840a5161cab353e1f069f0ec308981dbf962c2f6095060aa3a5f3fe4bd360476c607a8667c3fa9780197a9501f90f429a5f31e12e5bb416f3d10e1d736de66e638ba74a16ae623fd02cba8bb26eff47a2f2eedf3942249e41af7b674c2802dc4942b58057c9220552b57726a87005ccf8d579f50b4049e31ae3da6028c83d4a943aca71cc0216547d8b8b1e8e0201cb50f86f6da0a9dad3f5efba671d47b00fd5cc34d65de295fafd808aa601c47e3558605503a5642f1d8572c4b4293143439f801c766a9ca7a806d0292506e0ade61f999b3bb5766632c5014d853dbbdb42d7d148d6fa57ed3bc8e8079e50564084ff89fe08b8f95d41e16185a1ae9922664bc31bcd7d4c5321544a4f2f5395e561c5f502c70a13e079b9025d27b88bae15f76ed8257304a0ce63b3824317662a0643ebcb939a613344720500df8d9b16a8e5fa175fea0623da3df17233015def08088548894869e7eea7f8f071f813747052fb6b1f92e9daaa8ae60332f08d87c4f51e5219d65eb55e33f43c5ab6dcedcd0731fb07939f1bed27deb74ed452f1eaf0c4704088d1673a41c3c69b9948ce387815ae9a2b4fe44e1abe8b626e46401d4789113d70d721f63acabd4898be5d0bf0546c8aaa17f3fff6c04147dee9d3d87df0e8a5d644c6037cc3816aae059f8b24daf8f3374b411415669dfdefc2aa9f9bc1027dc9c7e26b7d4da048e25fa02677a07d57ffcc00f69ad4601c25af0ac71e20c9157d5398f61183fb9400b81a2119368a0cb580313c78ecf00c7896baf66e98b344939e8c486861c0d0cc8889d39ee2690283aa8a1f9d3ef04121b30a954f0bda6f9f544c6b9c96906d181891c5ba78e50d64a9c7798541581bf689d1184148cd365a8af05604d48f069c09667a4701c328436c615b9075d03a84b98cc59de1bb2fd36d01074cf41bbefca70592a9adcae08bb7965f750addb107a4ac63b19e304386b493e07ecd323cd3a597696b0e9bbc3039d2961f6cba7e11b386062566c7501980529f205c3a1f7581032963d981cefdda2f499093f3f084e334d8f7a87eb5e258bbff932afe44e816e24de264335e24ff5792cd175fd4826bae8221b4beeccb93bb12e136657ca3dd7036097e5c353f8f0cbdfae4ecdcf75c1ce7a68d8e6497064afdd3f7b10464d7d2e2f97c05543282ddfb833508e11d1767acd39b5f9afa0c32fc60d41620ceaad43dfdd48ffab09b1e0f663c6d6fa81a98ae2ef33dff60483fccd07ecc8fa5501903bc7d2ec1740900577c0fd660bc4b6529dc51957cc92c03ba95a518ef0effd3f9a6f21d64aeb541c6f2a1e195f3ee076b52ad2da1194e66e614bcc79a04ed676fe5474e81687791f89d40e01995799a0e9c41548be77a75cb4a1f86d8cc14a944f08166ba174bd26f864c35361f232381c9cb9bd83de28ee2ee6ca8e74821262b4fe33550d54b20ede60b906884b3762742dc4041cad12a52fe77c9314572cfc8aed2ae6aabf06efdbd750967e842fe69ca0bf8a945e12b219b155a2c966e04ee1a764e6f19821a3c2dd23a5cd8d1441a16bcd670dde7766422a0cbbd84a66c32d5dc181fd5ceada5069cc7ac4de9e6f3007644a1ef7381245d180236194682a99a2db786a58a9b347d7d747e5510181f7c9831b5fd9130c871ec2552edd687d11f295e3db731b42215d2ccbb5dfca2e1ea07b1ee0546cb0c7e8ada3ee4574a57544e968b3f5f509f0b09d743ea0d33b07466e1a7bada6d8086c0468ba9ddaf2cd7017d557a6a87df12ac3d1001bf207e39919839e1755851aff9a6dab7c5b73b3c105d5b0fcdbf529926ad0b665c5e6600190a208119b56bc368ee125691b2cbdf3f58a27e0a067b2078c4f4d9495e8974d3d343aa54fa68dbef669010b591036fbe49aefaa071cd4cd4ab6889749936f90e110c97429501e46bc94c22fa52ed8414bcbbe9ef78d6da86224ed94bc707cfb85995ccd123bfd2608959420c7da3db1e4d87651745c0ee92e305c3cca72001f04b60e56b7b75e05251edc845df87cf6dccb81f5e7d26406dd36d94409604113d57fd5277a8e29ab44ad943313eca82286d3ae334b2c127e380440253cc740bb8699b1b3f8e6c7b50504d03428a97fe51f80eec13c73a5bf972f4b2e8b3009dd2fc28974345b0a3b94c9a858fefa4f1425e6ad45fbce0fc16a2e5925e0b9cff397a249e9733822ce648b63f3949a98adacbccf6d26b9a1cd96d4572abb10a1a338fb78c0426506ba2c0547035af4a1b07423e3e85ec5211133ecb9468cf6fe50126df08febb543bb4f34873d24e666e5fbf83ad74ba65007f2c8b47ee655d23d6b11015673c2b7bc3ab4de90b75789931aac525a3ffad544e637b18879170fbfc2826367a0f147e70910ad2d0e89bec56c9ce6fceff133561192879a254a8df10743394ae6be259c42c0c845e533d447a1004a9cff640e5c7a0d1061306e42280b90ffe7aff0543887c3eac44695ebf79f996dff79a43ef0e87610d4c1cf24666fc0263229aa44ff56af9108b90833517a320576349cf0922c964256ee3ca48d26d922a7bd20bd8a5dc0a636c334752bf76c408230d620ec4f5ad58fe2144a6dc09e28296e205dd44b6f0e380e03ea26fef60d714f57ffb12b62752ea1593c56b6a92d23e24e5a01986e38ce41b8dd62fa9155b8c079cd903bb8719ae89810c83cef196ae2eac3f467666737aaab7434340937c565e6d5330f22ef39beb788591958c5efe6e24fa79c924f424b5a2e01bc4f70827e4e088369c5b5ee0919fd42caf40b6ef8db07c1ff14d8a24c0bdd7544e9e9543f26cec7f6ab17111dc406298405c1508078516773a8e46a7b34c33a15486513a904dd2f1ab170b22042d3a5d0940eaaccf42485aaed3e3c85d74e07f146140a582829203cd717e6cb72a2a4d9460516c1d7b1def302d210e1b6b07bb6dc129f78b853f48fd8717c12e8e90c9aa30bf3e7f7687f6d3b5bfdc67d6dc34228fb52613a3b4c55a3b305f79314d66a419291c869d5b4be7c151cc8a69cfaf78a2f71336537e1cc46cdc5c252c2106fe9dcd122bfa6937b9dba2d5525ac41b0f3aaf92aaaec005e770708d804f0041ce9251284642aecf65a253aadeb9d092cbb9ee920099473ff98d25df5415b525ed70517060f3f341beee49cdf02dcbdac7069cf224015bfb50e5bf485f7bfe092828a651fa7fb45a03c8683f5bd88511cbe7c0ec55d6308fbdd117c31c1f2b908fd8aeb07706add2835e0d905d04026f3df399858e8e90e71142cd640326ae7c75cd4f161d59af116958c545dfc9f2c606479c36bc73dca185030f8629f40caa617767cdd01766ef1b085d723ddc1a3d79ebf37a56343f176c2758c68bdf3da68ede326077829f59d1483ee4c91a0a6a45a38d036a529561d247546cd7855dbbf1e587d2c5832cfa547129a436d7e7bc06b30b65264b5865d440a3bf71eb06b7512734ea057f93f5a9c8fee29c302fd97cdb3404798ff9c0fcb9ad4381e2758e7796844e2a571c4cabbb74a5c1f46e1b28161d42664ae7927f43c6ebb9290d910aa9eefe7a1ce4d4b378df4ac082899faac3a4f3a25b012f43c41a9d195e45046fd913de31643102bee4f0169533ca04ce32a468bfc58b31c584aeb0603bd475443147d33b0e26040df503e673e6e0304aa0f1d8201e082743949048c3e2f07f56bd60f2a37d39471f01f380334558eef9c016d1ca805cfa139e620d015f2e8b28951c86343d80ef00263a8f394dc0ddb1a45f1ae8a4dc877e6d26a92fa66312181af1c16305b29fb363f2e4ba927b24ffbd8c1da39056f5d739b3d7cee2e96bf473cb7ba48c8d21ba77b97ce2e5468829771b9e58fc0f580849d185533a80b3622afeb99003a976b0f8f72b65de77c8c36076ec9e74afd27158f6ed275968a1b9847928cbc64a565e63cc85f59dd0d760b28c56b35c1f65ea3b1ee61315de60c1d2b5d01a1876e8c3f5cbe8ae3d7fbc19630234708a76c26eb6d4ac071b6c2b9dc16462415ad6cb898a85fae0784aef7bff558abcbbe5bf66b3f75929da20a20a1e9f77b857039b71400290a4ebb44d8f0e0dc9e388b40d9fed725d69b34563c791f3b49747599aff70696a7b1b23ee4084b75dfc9909608315fe05b16ac8d08c39fe22e0c93ad078ccc59105c23bc60ea6289d047e738c4f508d1c821220eca3ee52ec4c2874cd558f04bc1bc908c76f9fe199d09fdb4a83a9d0f829035588fabb559cb8cb45b5624505fdf22682ccf9502beab735bb754ae28d9ba46a9b436da148cd6a43d03ca15fe076a181b0dc0346b27091215dfb5070d63571bec1f836b1409c0b28e4df09d3bd8e185e446d8c6d6251882493949c39fa917aa810fe019a4edfd2b4355a5e0e4fa4dbdbabc5fce5f1d356ae4d0cea0b297f06c7ac5d8ebac2381ddf7c2ac59c9eca5d6f8bcc8ba522db96bac8c5fb449bdc25aaf2ff87ea72e380c59507af3230ea921235a75518921bb805a5f67390d38c1de191ebb2af3c6c8e89c4752ad5c57c3067f8a027bff9e56a1754ad989da8dc2e18bcdeacd71a1ecd9e348b778dd0dab29d047fed4a6220c7afa31ac85852d998130f75a81ad7538d5e5321a84a37534f2595ec1da93023d296fbec640ed16d39ef4d305890b458ca174cf23c9ef25273a70c40c366b265f3c0d4194fe216224c600ff0442f8ec498716c75b687a69d996169a31fe6d3911a3cf42d203c8fa3512e107bdceec58ebcce3d5c20d0180fcc3e88a1d571affdd4dd71b56f10a5a87120bdb48faf7e4f80bea090f8a5743cf3b2787ece497f1331c2166f3e80c989173a5839573e3bc22c86aa11dffa1f18c02c41947cc6f318941d97f5804024f45f81d5ae15db2ac38e089546585145f1b7252c781182d86504701482d9a2e05b25e3aac5f537e84ba8c356f7a5ad3960d14529d926b1d0ae2ce4df1e78275282e20f7625e60399a9dc2b31f595064f3113292f9434a7b4979c0bbb2b9eb756c3e7186d9eae671bf668f3c05e2434bf39d0f5cb27b426ab7336b942712a06d3d556559d77b8eefe8db252c3dfbb704a16fdd494a168f0511d66879de24622e4132b982c944700d7cd31b20075b8154959a1c1e2c8cc0a5a4516d1f4d10880bc177d8e8c7
01a21758-097c-7475-82ad-d99caecb0fb2	0	\\x445edf3c0bca6a4dd9d58c9a58a82dcbab1120405b9717f9dbd3b89df0f0332b0c25776195fe5b86ed04945880f2cefd554c6dea1e91cc88ee7944e996f51961e0a4152b29b39f6ccb5a641c6b6af6074ca4c56adf3cc5b4af52881a516779e9d977ad72fc13ecdf9e5daf75fdd0008eaf6f24535efad6e3f4868cd5401861bf00ba6c5cbd706ba54d9e70f439c49b36b46628224d1c561b3a989219ce588906ec491cf1756594a7731af3d858c941b1f36766f9be2132a12bfd954487c62b45f84ec8f637eca4e9e3d2a9f962e2eaad3224631e3403d94f837987469d66794cdbe8f599b13790df861ea3a10b2d907b1248238974d1cf651ed90115a3f2de224f1d0fb06104feb46c741b4abe72d87b939d7e443102a375fde5ad259698023c163d3c085cd509c4b4a9ab08790f96bf76b4aa8e97688600380b756cd62e55dea7dbf5c65845692dd6d4361cec12b568fc12b38864d721dc7e4b35069f915525c3a0f5f83a69fe9177ce5865ccde61e07dc0f8490d2c04ca8bd6d562e4344b48625a19ecdd81a4f731705beb50e2c4117b9105bdee3126d1f0b6664389b6e820a7c767b5d4efa3ca2b05f8643d1958115b9d66397ef107f4ad9207969ef105f2f140c0acdc2ce935ade93e1d803aeaa0c2a2f89b1b73bf761f7d259f9694e0c4b1701788929cdba75f0a86ad4506d03aa4636c2910eb27d56d2af80d742b082632eb63e62e8f0bf8ccaf5563293054dcc925356196782d386d2163e236e8cff78301c61b5849ba3974cfce11e6d17c0c3108470988e23c7c344523bf080de80bb2b4c2620a65cfb53688c55b6d3ac2f2fab77c928156d16968af1196503cb1fad0267d0f2d7a7ccb51cf0ff195fe0983c3b998fc466ce77b26a7941470596a0c8ba36676bcd87eb9f6b1d5ca6b46dbd0ded5aaba0cb2061f1220476a34e7baba1cca88c98c9f10ce0c845318cfcf7680bb948b6a30ee9c13dba55c20a8d3cec173f61b6dfcd1a5b2408e6c1658793f5a01d8f039587b0e2d3df73f2132e0712257ee11bf697b78f6a7ded15b273fca3d3e6cac65804a1ceaf50ad9f50eab79f116b2c8924e94ceb23d8fd3ec116e43f1bc33731230f562ae308a79567294be9cb3b4eb15c257115c51965db1711c86dbf15f9dae37e9260b2f42062680b783c9d99fc9a6500eef9c8c4daacdfffa2963a4d2df734a3419b7cfc0e05204de6123aad76b406d2c984b437a226de63a261fbb9f69bacbc2f1cc74a3bda979c42670e260a529db83ee2c443e9ae4d999cc4ecab8c14b8f61a9b828c54eafdc17b13fc0826e7df22e884cdbf6582dacd70102f7301d8d475775102e610cb6e19c044f3a12223aa18ca4232970c54bb650f76c598fe09367979d50f5dfba58ddf273bbc50d048c8419b1cbf6af25c8f1cc3046b1a84b9c6f5d65fe9b6b0b933a401d50657e91cdcd1ed03b2be8faae4667b443cd09956ec2d329ebc885c46b5f6419f8b731b757a7cf17ead892d230b5922ccdd2c00ac613de0738b7c3ab5fa85f24abfa58e30ae08e8fdc3451b44f5215ff982a0658e4194d29e454f5700e4a4732ffe541492d1aa8f22f03a7899333d1580b16a76b3b71206e9f3138cc5c2dc03e4f03d020384d75d0789bb06d9dd0c16df72a7f02f61567c77e7f7f869583c5d12f
\.


--
-- Data for Name: outbox_recipient; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.outbox_recipient (outbox, number, address, notify, orcpt, copy) FROM stdin;
01a21758-0978-7d6b-8dea-c1d81e5a3306	0	sue@smime.example	\N	\N	01a21758-0977-7845-b8e4-3745c1f817aa
01a21758-097c-7475-82ad-d99caecb0fb2	0	pat@pgp.example	\N	\N	01a21758-0977-7099-84d3-5e796895b481
\.


--
-- Data for Name: parcel; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.parcel (id, message, sender, header, size, smtputf8, created_at, issue_at, issued_at, summary, layout, language, phone, receipt) FROM stdin;
01a21757-f8cc-75f6-bbae-1f244335f411	01a21757-f8cc-733a-a4b1-86963b86b58c	anna@example.com	\\x4c3ec4f0a95fe41b66ee6a44a9458862e550d552e7190c46adce7a558f2404ca	259	f	2026-11-26 10:12:51.02323+00	2026-11-26 10:12:51.02323+00	2026-11-26 10:12:51.055657+00	\\x456bb972dd4f867d83539a8e13fe26f334b3daaddd2ba10b51a549f12a9bcbe6aeef8f72d150a713627477ffe880627b70e1df5541df43d6f14202066b460adf33d00b0df493ed0079fcb757012ceb1e950fe2354943acd9e4a69c08a652f83777a7b29fe03158dd8b912db72812cb4552f2a1d7431f216a071267	\N	\N	\N	\N
01a21757-faa2-758b-bffb-86c43882c05d	01a21757-faa2-739d-837e-e02a962e6fd5	anna@example.com	\\x98abdfb8dd70cbd78249b1173e9e7cd66f74288fde18f48b357fa0fa5b0ec185	267	f	2026-11-26 10:12:51.49073+00	2026-11-26 10:12:51.49073+00	2026-11-26 10:12:51.495985+00	\\xe7dd2d40a0d3077ccacce1896ae63332346c5a68d02b7c1daf410d2920aa6459e5c1352accd2530e78666e324381d47be263744f477831595b72ce78082f6061ce63dc7b7bc414b0d2da97bb26903c1952a2160e1b22f5b5e4d5c0ddae9a6a22c032a91db6264e9cfbdb6f54327ba114896a929c14672f5f24	\\xea69f50cb297cb5fa4f7c5cbb66a8dc566984cb0ea6aedd43765ba11aa17b202f7567f6111cdc5a52124683f9a48235fd5029bb889eb5d1b20fc9a057281065dc638672c3ce6172ae2f0cc17faeca5d687aad61d5eccb4561e42e4a95f6f45d9158a969de74663ecd0b9a52e923a080ad6c1c56eb9f5241a8aaf964704399e6f9c8c23d1f1e4aff032faa93ff50723d690c88c33c7d65b49ebb16bb1718059876dec78626e35181fe6ac7c6eab65c07b14e82c9aa2fc344926a78a4f407e9c54f22c8c29adf0e37435cb6cf7a4f4558c8e22b64edd9f76d8d723b5f61f113671bb8d25cdd2380e6b4c69bd96e95d5848f0cda6b1969dc498bd1d8f8c3f9785557c3882306129346030c977804bfef2450afee144625303299b02e67a0a162d7508bdc70687ff88d3226924ee08e0d257dc324b38e9d00757b51cd2a322e873aefaba47ebf047592e306c7a6893d6a6811210a19a907dba041d033771a635a387e9e793f8ea2b7d010e516bf7258bdc833a1de1e1f7d8ad404dfaf9aad4a3adaa8aa829fd1dd7bc556487b7985a6e8ecd3a027ad5788adcd6b789cd82748144ddbb8806f0e67a4c6f131951c1fe955bbc8a9c085a96c5a7452207b3bfe005dd3faecd5525e133790aeca608fdf6	\N	\N	mail
01a21757-fce1-7e76-871c-a94843aea3d8	01a21757-fce1-7bf1-8311-919ef16df1e7	anna@example.com	\\x24d505587b5f1e74b4fe92ab410d22396a34c9418e98f1446e3c85d89628666c	268	f	2026-11-26 10:12:52.067212+00	2026-11-26 10:12:52.067212+00	2026-11-26 10:12:52.080032+00	\\xfa68dc5373b4a92b927921631a4f19c5b2c3b88925810764787558eaa144b67372deca974459df6315f5b681d476f144dcf65a2b64e9fde8bf13cfe71971e1000394ae0d41ff94c86437b104a943dbfe7939a0adaef446727317ca93ed5870a0de2d14e1f7f81b0f0e0b34276950bc07461ba06986bfd807085fca61d1ac08	\N	\N	\N	\N
01a21758-0170-7730-9e11-0a5028b2fc97	01a21758-0170-70bc-aa50-c48cf147e027	anna@example.com	\\x6919588581a068e9aca0a1a713273822c6c05a8977ce01ea4552503d3f9df724	260	f	2026-11-26 10:12:53.232519+00	2026-11-26 10:12:53.232519+00	2026-11-26 10:12:53.244705+00	\\x0011a6d34c5d267c11c54d81a072d0008cde2b5be0e8e64f4f328bfb02c680d8168a2c4807702d260d8383828c27eae9e44c968b0f105b8eb46caacbac22592918d3e6b82c6afab283af5621e63b16935f03e72da3e0bd61dd7e9a70c85fa41734406fad7a381bf49ca8490f0d49c648fd35b8773284a8c50feabd	\\x2a32ac44f70d43c0ea969c556dcfe738adecc53e742ce20fb89e4e1037c1c50a0dcce27c4dfb4c986cabed406e39cbd49ff6daed3ef3ff3a91dba528c1c6cef7ab6bbbe980500bbadccf85b32b52befc3d5acd6c9cccdd59130c014832e8e86e488b53d6580e3e8b586a3f0d5963c9872427a5210d2735bc67665269fdd8c6d6989c384c5c3d8fbbf61e19b4f5346458d05c926fe8bfb55dcff03fc0c92f0fcf4e6ca267efca15997ac1ad04dbc5ea86b0da5bdf9666bf184642ae461b00e7824c9795147c51e258bb8549f011b7e87d79f40b8b6ae137e7b077de34c49ea98579c6c956aa2210dcdebfbda846c32ffe0cb091ab625a71c191d0e5e2c1fd66b17f854e7ccfd77e32c641058801bca198970e5ee526490accc9cd6af6aa1883dc74572183e4778bf684580b1ce0bc6a014b95b84e90dd42d1a95d345b6478183ea388135c5eaca94d1d824a2e2f258ce6b2ee4b50ab881a282dcd2267cc3af4b312864aa086ef84eb382514075bea19cd2b2aaa357e0c7cf5b3586a66419a2ae0d7095b305788126e4fa45a54135fd8e1057a1bae755f317d3c24df181c56dd7ad98d1cceb84fde3d51e3ef7a7e90f7f39dcd5821b1ffe7f8647905b6ffddbaf8dd7baa2e4b36391f8b853bfd18a51da7	\N	\N	\N
01a21758-079c-7f78-88bd-290b2acdeae8	01a21758-079c-72c3-aa16-0d3e7bb23e7e	anna@example.com	\\x872899e25dac0899e81ef33341cfe284493fc3071f968fce0da3b0cdb09b0910	260	f	2026-11-26 10:12:54.815227+00	2026-11-26 10:12:54.815227+00	2026-11-26 10:12:54.827812+00	\\xf87926407934ce8b37bdc5073ae975b392da99a2d53c360798991d350ff7cb35eba0c7b9a54663a2e895a3d01132a8b55a864f304d6764eaa4855c14fba7110d5f25c067d11c87995ccc3a49b49b63c629934e0769a1a3e96b936277a69a62ad48b8d56435e7c3c5d555931a23bbe364aba9edaa10cf3e6d529ae2	\N	\N	\N	\N
01a21758-0856-7735-bc28-5e74be4e1b7f	01a21758-0855-78d8-a0d1-96c0f450d42d	member@pickup.example	\\xd89f4593a33385846f6ba7e5ecdcc94e86f4575422c9d926121949240648b5ea	443	f	2026-11-26 10:12:54.998243+00	2026-11-26 10:12:54.998243+00	2026-11-26 10:12:55.015776+00	\\xf9aa9480f3409c1d6c21688d9417ff747f095726bb43aa97ec7f58a8e56d1bfc1f6142c7534d349804a6eb1e841987ab0acc4cc4dc4d3534e0e760f10c0a454a2bf224d0ec4262871b9809950063fa2419f9c4dddd2cb0921e6260cb0db8d64c2d3e49ba828e8fdf10a6e6a850980f104dd5b1d31ccd58e8daf6a422eabcb0	\N	en	\N	\N
01a21758-0872-77de-9c40-4da120f01292	\N	member@pickup.example	\\xb266d715a77c58d5e120020a0f6ebddb4e95b229013e24a11243acdcb4220606	306	f	2026-11-26 10:12:55.027148+00	2026-11-26 10:12:55.027148+00	2026-11-26 10:12:55.027148+00	\\x905de3cc5ff16710ee99e2081ee38548a7a56695e1ce309c934f3b83ed056aadd0d2cd965ef736a849f8bf3966bc7846f40eb395d6a0126383c4338e9edb28490eb16a6913d4ef9528b7150ead520131a3c5b20e0ad87a2713fd75e32cc662d874fead72a4f09f9a34e9d94dfe80e74945aa02f6af99f4474d1252f2	\N	en	\N	\N
01a21758-0a4b-70dc-a2bf-c535b2e9e1bd	01a21758-0a4b-710f-aa48-a84a967ac28d	anna@example.com	\\xbe06cac6e5987a587e299b4381a9dab231a4b5ba6574d97e6ff5277313423bf1	260	f	2026-11-26 10:12:55.49999+00	2026-11-26 10:12:55.49999+00	\N	\\xd7ea04661f9aec3e128924a2631f3e9d621e18f26a8319fe80707ffede94449f39d5e2dd0bedbdd9d0f34872ba8fe69949e41cb7d37ff3bce19ab1d0c269fc743939c272433d992c1d031d78d85c8acb1b1903d2dfa40495bc8a294c911173113383f81ba4dcf93497e5679f85d4b279aadb5c00384716dd	\N	\N	\N	\N
\.


--
-- Data for Name: parcel_chunk; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.parcel_chunk (parcel, number, content) FROM stdin;
01a21757-f8cc-75f6-bbae-1f244335f411	0	\\x7752edcf4237755cc4bc8848a3d78d14358e4fed649409917ab43af494a6d59ebfc808cd900908cd94131caea45d697b9fecbf6ff5eee23c070dde0170ffdf34c0ddc732973b5f6a2fa822176770de5193fef9c8e72337c274fb5b0c257ceb6ed70f10f58817068670f535d0379c9789601c71ae2cde99ab7d96896b00aab94de63d6d6d3f6d59ea715c377456fa02a568c123627e32395a248cd3e0332a0455d74770835c6a15c08ea912d78f2a9925a8a8c276cc71f42af118a2981a32d8cf9043a21442228a79a40dbf681ffb7d9450d5a70552f4b837165db9c0a4222281f100dfaab762c2e9e0160927f1c856b57a8c12b81d01d2848e4ae69b56759db9aec7f5006803bffbd7832b060f3a6b51a74c7b
01a21757-faa2-758b-bffb-86c43882c05d	0	\\x251dfdbc4bcad1667197d6d55cb26874c555760b2b601b10df7319b3b616773db0021aecf43848f84323f699fda910dfa889b1ace585ee2818b614cfad565fea8b487c65ea05600d48b03263338f89850e72fb2129737df86dad15335a7aa0691e57605df6f0f65570a472e462f3d755cf8f7927c4d3e462abc5d5dcc2d981da3362403629e2d1e6371406954193ac111c35a0161c39a6ec5288beafe7ac77deb64f3d58d9621e03ab74841e109235be6533d2a7cab126e5e048be1af95ff812850cc1575303cdf5647310fbfbf96e1f0bbcf749b9fd3195083c28d16d5c550d83c24b3b558c26d7597f01cd23af0639cf63d64e0ab1405896d80c24b17f4a335c060c57a393266ef2e8219a516bbac651
01a21757-fce1-7e76-871c-a94843aea3d8	0	\\x6658be9cf921804182576c5a2b4d5df7a081f32ea77ef58c96a244dde88e8ff586d6e1979dd51cf6c5e21814b4ab07230d84c17ad4580c7eacbc4c030855c8c3c6ad0b368e08d05616a7c86a14d42a9ecb173191baee4a80477525be8f82304096b24a063931468df1e5854433e5f0f860ee557fe7628671692df7aad4c8a8acbd987dd497a8991948167d69c4a579ce0ee165a699767fdecef4ba722ab1f3f4dde4f468413744cae0c156c6f4b45fa0b39b781613178a795bbb80b79a2831c320fa1eafd88bfc93eb571bb5a19f0b9fefba3e175af5be11b244e900de6c4992e5682e0bcefb1c4720c0ef9dd7314d9d659bebe7ef23edd35b188f712e9be645bb2d7ad3c42cac2b1057cf432decba20f898bdc988cca3a532c3cfa1
01a21758-0170-7730-9e11-0a5028b2fc97	0	\\x73da6a32862d46c39411fee448aac91a4a3e997d002b51e38d1521781ed5eaf46ad2298a89446ffac1fb20b02ed2290a81195ed483450cfd48d2020dd1d10d535670b7be962edadb5dcd73f10e5f6f884d61b07771194e94ea4cc74c841cd7f2572b566568ad6975d2d16bd4e63367a933e4de3e8050fcc07592e261947fb7de6cbea2c14e997ca2cadd7cab95e519273aab9fce2ebdc81e810039e677ffb2d290eb0514ab59936745ef504048e7b903359babc5e3c1cf4d49e1bb1e4ea434d7406bab3c2298eef338884f8101d475d22b915668b9b6cf174dca775a84bcad67687034ae00f8ef96de55d159a08a08387dc8d916a7fd1db38b4a435c2f40155600c174830988054474120b0949af4c4793656f98
01a21758-079c-7f78-88bd-290b2acdeae8	0	\\x0db57bf12b2ea79a380f304ba3bfbbac6ba1669962ab2f81958142619643043df6224fe03640f6ac1510a7fb8d93296d154b6f42375562c2038cbd44f94c200f442fa4132c9198d5d72f19954d3d05ddf7f87b8848d56980371fa7319e3b1a1e092e42f41e685c44bec7c124ae1c8f105de560f85ddedaf2b34247965d92ee26180e7368c46bb403afa7818a5804afa9a192d649196e1314e8b8a85d917c15c1dd4101d761b5205fc90581274fb90cc47dba9f87fe9ac7e023f01271580ef7a41733b3567bbeeee151447534b40947766bc911e654f0f6cf38d1bd9d9d2b1e57d114c67ad4d7d3de3c6709b02cc33913c159045653961935191f74196bfa9c0d59dc2fb47e925cc8ffeb53a5ee892f66825a3e64
01a21758-0856-7735-bc28-5e74be4e1b7f	0	\\xe2a17028e7a5d988f88b40bb56536d9970d73d3c1515e089f3d06dfd492e854a1500909bd0493eed78a8dc3bcf8aa77de14151a22654951ec30a0c18de663a4381d317a883e8c43d9ea6e640a1d418516d8898004560a5cf581ec986fe11548b4442bd05e5a910789d528c3d3cc49e4cc99546eca1f2917a891081085331b29b110f51ed913032ef60ca8f3b763b21efe0cc002e8b8dd6c399929e5c5214658d22428ed95d40a8b8bda5ea7881a004a085d7d2c2c0a7a667dba1f0c84e87120c61d11f0d073143ed274f4fa004b07c4ee6816d5e0dd127afa68ff704ab2336d86d447bcc33928598505546985701d6e552b38aab603c568e7f4abcda8dec078c2ac987e0e89662edcf46c7f6efc0d3d2ea7e87a3edf857e2914aa8f23ff72797aa2ecaad5db16dd7877b4db7c8e101803fe02d8b7656eb3824f58460bc4d6c22c170a71033120169a44bc09fff5e2dddb6e75e96b99a4a103b0457e03c6d09ce2cd4760acf8b262610fcc6e894e47d56f3ebf3394f1a4a1a1a4eab6dbc03416d4567d64372d0907df31241ff54ecc8c9008380a44a12f2ea5bc80d32e6346300308feb58f2ab83a6cdfd22adef3f19e73065ea38c7ab480bae3f3869f428dd9e56c2eba438d9d1af2996a1
01a21758-0872-77de-9c40-4da120f01292	0	\\x41ee7fe545f4b584aa5ff6083eba0ed9823a37c297935ec36853817dae5fdd95b7e39284d05a2d5b78781b15ccf02e0a5be43ff4863f424c7188ff12981aaf64c50735de1449244356270b09719b4a495230ab44b158412a87b0cfc495eea52bcc46b0f0c4922ab11688125510af20346d36d6f2cbd86bca2701db0de9855772e868a4d74fec450b06e54ad4fe83e5b66e0e7f1d56c898318d9f20371c8158c64494eb90a38cfa2147a93b5101f3e605485451fe1f9e3e7237e0b9422e27cb6c29b9ff33f91e8997b1e7c54bcbeda1d130b8691e5060d9b7529740661d76818af467cf25a70f1f14cfa3245b8150052bb8a6f689d728fe3948c52aaeaa6c84c6462488e77bb4676db1767e326a6ff56c9f26e94a19edf4001ef9223f11e1852ea0140d6394fd46ac28f23c5291b4be879a856a6dd4b286f0bbe299d890fb23a72df3
01a21758-0a4b-70dc-a2bf-c535b2e9e1bd	0	\\xfe0674e74a41c4c13653e80baca06efb85c1d28193640205be283bf32acf2b2a88e036de3046fcbcc469596a19aac1a44818e21397cb200781df5944819cf7df0019159b9fde1a41d6100c2e96be649b99a3d9945f4922d93d34a6f354d2c8b9ed812fc3ebbce8d4735d27a078036da34b116ba37f051146d64c0404acef34a02ec394189f04835f62cf5d4c8e860d8cded559a7ec51a2538bbf383a9e2a003fbcedd9f3568bf2110d13b3e11aa03843a341f74c30735e5b45e4530e7ece726d6d942feed2588f590eb235970997febc33f2ce8e41bd9fa0d85df154976beda12344a0d1be039e06472422320eb282e53dc1be493893305f14dd5f7d1e05b9ee80b7172c463004777b5aa811a153dc5c8b1050ec
\.


--
-- Data for Name: parcel_key; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.parcel_key (id, parcel, copy, notify, orcpt, boxed, link_hash, salt, wrapped, expires_at, tries, locked_at, opened_at, issued_at, link_boxed, reminders, account, sealed, kept, folder, read_at, answers, manner) FROM stdin;
01a21757-f8cc-7adb-923c-7dfab09bef93	01a21757-f8cc-75f6-bbae-1f244335f411	01a21757-f8cc-7657-915b-0e48a4bf1595	\N	\N	\\xda6abe09efa9ef1b6c2438ca15ed934259ace9d619c47e6a1eec5a575be1b236ba5c81fb21d3ccce32891967f4ad00853b4ff7a438bd0e2c4fe4ff8825ec35c34ce27583f6c7e3c808780f9323c2df9c	\\x8c8fe8b17a858d73d9ad4b0ce2bcf9cc9741eaacda63ecad32c979f8acc7b22d	\\x4062514c00083e75c82fe2d2b960e1c6	\\x854931f3bb6cc8b832f3a95905d62fbdb64d5d5ecdb777618ad105b975ea0b626216153ec012ae4b643627242dcec99cb7608cf1bee2e0010ac2c50c96d74c314e42ffaae7bb296d	2026-12-10 10:12:51.02323+00	0	\N	\N	2026-11-26 10:12:51.055657+00	\\x20c85ab3b727929a0cca0672cb3d77a30cafd794b2cc73a44693ec4e36982a743035761739c774b182443bd435cd2cd20e06c73050eef996c5ff9a8e227b881c860071514bceda784c0402a197be982f	0	\N	\N	\N	\N	\N	\N	\N
01a21758-0170-7d20-bf83-68ee6889e920	01a21758-0170-7730-9e11-0a5028b2fc97	01a21758-0170-7bef-9e3f-aca976f1e5db	\N	\N	\N	\\x6821f69c4ea79a66fb57badc3f6e2f132578ed54a7fbf299fff2c557fb1008f9	\\x82d73d20d221d23fc62bdc2558d7fcb3	\\x8f8c928c1a118906747174b9c83351ba8ff258f48281f0a320abf2f2db9513bcd5580db38136099bf2b0823240548e838b3ffbe98a35c67d3644fcebcd8981c23ad911133ba2742d	2026-12-10 10:12:53.232519+00	0	\N	2026-11-26 10:12:53.569895+00	2026-11-26 10:12:53.244705+00	\N	0	01a21758-02db-7922-a1ac-4f12952e91d0	\N	\\x1052f476c91e41bb7769ea00eba4dcb6aa24ed98e0646d50d7747ead8059fabe80f303bffd017f51126df4f60ac4692fd8702463561e14288db246ab76b487aacc027132f472d523	inbox	2026-11-26 10:12:53.569895+00	\N	\N
01a21757-faa2-7197-9497-fefc4d9167a4	01a21757-faa2-758b-bffb-86c43882c05d	01a21757-faa2-771b-8c8e-8a635079edb8	\N	\N	\N	\\xdb3d22ace2dbbd68d0098b5bf8e25d258786d3909cd177a5801fbe819afd0446	\\x847678a935f7530d5eff1073a970c8c9	\\x32c7a394ea2e25b777e0e07561f6490b28b98643f2ee1292f49832f839f584e0b670624f1aad408c46cfd0c0f234b5629dc1613b206144344bf93cf9caeae55d9c05c74f5da38c43	2026-12-26 10:12:51.49073+00	0	\N	2026-11-26 10:12:51.819649+00	2026-11-26 10:12:51.495985+00	\N	0	\N	\N	\N	\N	2026-11-26 10:12:51.819649+00	\N	\N
01a21758-079c-7e2a-8151-23aff4650c25	01a21758-079c-7f78-88bd-290b2acdeae8	01a21758-079c-72f7-9dcc-f14c159dfe08	\N	\N	\N	\N	\N	\N	2026-12-10 10:12:54.815227+00	0	\N	\N	2026-11-26 10:12:54.827812+00	\N	0	01a21758-02db-7922-a1ac-4f12952e91d0	\\xe69ba695dd284810f6a72a242d13ea3886274ea72f517b5e81665c0b3a94752ccd2d20cac35da6cb96f2e6369c186bc7b2325b4a5939163e1917f12c2b9eab6e9ebc8f1e350877d552b607f6ac527990	\N	inbox	\N	\N	\N
01a21758-0856-7c91-89d4-f165e0940fac	01a21758-0856-7735-bc28-5e74be4e1b7f	\N	\N	\N	\N	\N	\N	\N	2026-12-26 10:12:54.998243+00	0	\N	\N	2026-11-26 10:12:54.998243+00	\N	0	01a21758-02db-7922-a1ac-4f12952e91d0	\N	\\xb078373a26c636d7a4682d1dbb93e984cbbe86e13cd263b61d8c429c1b75c7ba086a811766318a79f5ad0dfb64dae28627adf489fd7ff9280520be0c57dd3ed0545287c208ed3ce7	sent	2026-11-26 10:12:54.998243+00	\N	\N
01a21758-0873-7584-aacc-cadf05a5a2d7	01a21758-0872-77de-9c40-4da120f01292	\N	\N	\N	\N	\N	\N	\N	2027-02-24 10:12:55.027148+00	0	\N	\N	2026-11-26 10:12:55.027148+00	\N	0	01a21758-02db-7922-a1ac-4f12952e91d0	\N	\\xe8b5a796e3139d11db2b63f29352784f264b4b60fd60d4b0c06fab7f4edb50f75a11ec21f485b0e43b65e58ef9e636a098630a78eeb2ac18c29ff0112a56497176bb57e86911d4a4	drafts	2026-11-26 10:12:55.027148+00	\N	\N
01a21758-0a4b-7c3b-bddf-8f4cbf72b51b	01a21758-0a4b-70dc-a2bf-c535b2e9e1bd	01a21758-0a4b-761c-aab5-c0aca7445dca	\N	\N	\\xfab4233a4d47c3b1829006e4e47477504c2f1352332268e3060bedcb7bc5bd18662e86dc300b376af4c6338a3b6b823df9d69f7fead79e2131111f52dc8f0a183b200eadf44bd2cb6db126ae427b6dd4	\N	\N	\N	2026-12-10 10:12:55.49999+00	0	\N	\N	\N	\N	0	\N	\N	\N	\N	\N	\N	\N
01a21757-fce1-7b72-8356-d46011665497	01a21757-fce1-7e76-871c-a94843aea3d8	01a21757-fce1-780f-866c-72827254d5f2	\N	\N	\\x7d6696c5015eaa6d9aa72d00a247ea8f4f14d7f87cff210e6a62d2e88ae5170eb6076270ff356b233b738e7d8c510d537d220718ea376cfa7398f73ac291e2bab5c3d46df03af6841433a81723008baa	\\x5b925444cbe65746b5106dae20955812db48f7d1fa93eedff7ca319b966cc75f	\\xb7a9e0816ca14c972b8200b8abce761a	\\xabd4333bdaca76a19b68c86291c143b98209898441fd6f281333cbc75e86c99fa7393fda3e71937d731728c5f6d5f80cd07b5b58799b975aa0895838b372bae6b5a966f218b0b9cf	2026-12-10 10:12:52.067212+00	5	2026-11-26 10:12:52.437964+00	\N	2026-11-26 10:12:52.080032+00	\\x0b2123ff808752fca87e3bb10f8db95187d41e2b7f7bef11aa8c484b853e23019ac8c71d3e30fef0c8bcd92fbe105269b826066910813ff233c655dda34b9fd1f09eaf70a50bbf88409c6441a0840e61	0	\N	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: passkey; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.passkey (id, account, credential, public_key, algorithm, counter, name, added_at) FROM stdin;
\.


--
-- Data for Name: policy_version; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.policy_version (digest, content, first_used_at) FROM stdin;
aa3de5378b30937854b52b393103f7656f01f668ced628333522a4c1372bd8e0	organisation "Example Corp"\ndomains { "example.com" }\nhostname "gateway.example.com"\ndatabase "postgresql:///postseal?host=/tmp/postseal-pg.20fb399322aa"\nsecrets "/work/h/base/build/tests/world/dump/secrets"\nspool directory "/work/h/base/build/tests/world/dump/spool"\nmilter listen "unix:/tmp/postseal-run.b07914a159d0/milter.sock" mode "0666" user "nobody"\ncourier user "nobody"\nportal listen "127.0.0.1:26581" url "http://localhost:26581" user "nobody"\nreinject "smtp://127.0.0.1:30123"\nreinject verified "smtp://127.0.0.1:24891"\ngpg home "/tmp/postseal-run.b07914a159d0/gnupg"\nkeeper socket "/tmp/postseal-run.b07914a159d0/keeper.sock" mode "0666" user "nobody"\nkeeper home "/tmp/postseal-run.b07914a159d0/keeper-gnupg"\nkeeper agent "/tmp/postseal-run.b07914a159d0/keeper-agent.sock"\nmilter metrics "127.0.0.1:28422"\ncourier metrics "127.0.0.1:30765"\nportal metrics "127.0.0.1:31216"\nkeeper metrics "127.0.0.1:29049"\nretry first 2 seconds last 5 seconds\ncourier lease 10 seconds\nreinject timeout 4 seconds\nmta log "/work/h/base/build/tests/world/dump/company/log"\nreceipts "daily"\n\nmatch portal recipient "office@example.com"   deliver plain\nmatch conversation                            deliver smime, pgp, pickup\nmatch subject tag "[receipt]" recipient domain "pickup.example"  deliver pickup receipt\nmatch recipient domain "refused.example" reject "No."\nmatch recipient domain "plain.example"        deliver plain\nmatch recipient domain "smime.example"        deliver smime\nmatch recipient domain "pgp.example"          deliver pgp\nmatch recipient domain "pickup.example"       deliver pickup expire 14 days\nmatch recipient in domains                    deliver plain\notherwise                                     deliver plain\n	2026-11-26 10:12:47.716147+00
\.


--
-- Data for Name: portal_session; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.portal_session (id, cookie_hash, state, account, wrapped, challenge, browser, network, created_at, seen_at, expires_at) FROM stdin;
01a21757-fb9e-7e34-80e1-9d0c3fc74d06	\\x0a3a2c61dfe83f9f9df9282abc1a797eb4108f2fb705bec534543a3b3da5e8ac	guest	\N	\N	\N	Python-urllib/3.11	127.0.0.0/24	2026-11-26 10:12:51.742698+00	2026-11-26 10:12:51.742698+00	2026-11-26 10:42:51.742698+00
01a21758-0779-7329-8d52-c521a0e29949	\\x879bd98db3511f85e2fa4f933e8c61c111ee35c6c90e0f395bf6e66959f6c9ec	member	01a21758-02db-7922-a1ac-4f12952e91d0	\\x4717cae9b90415834fd2a4bb9bb33263a9925edbad962a914ec9630a1d72dd00ace46f51159b199fa000a9d8fe70fdd8fb0063aa8bee6bc1ea603381a778b6ce79ff3c0e97b42844	\N	Python-urllib/3.11	127.0.0.0/24	2026-11-26 10:12:54.779249+00	2026-11-26 10:12:54.779249+00	2026-11-26 10:42:54.779249+00
\.


--
-- Data for Name: private_key; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.private_key (key, sealed) FROM stdin;
01a21757-f24f-729d-aefe-785054cae8e8	\\x1b80ac3c729a91a23c91d33062453a148d634b1839032d605bc21bc25718d40128da0ffc9996ac4444868efb4e92bd69872f850925c20fa05b3ca965e73b9d857a8e65ca48da7c7ebbbd15ba25e9ff7f6b7a1197d3ef243a5b66d45b2b03e2e686e5d98700c40b56ee7e49128599c89b2fc112092f32fc95f726696ff81806feec94f3db78f9ee1c032739adf841e006399614af15c7de384a4891dc5a67aeb8de5cf3920588796274f264d5ed17b87e38264428c936c141ed648f09f9c499b2894ac1d8d561c75e3f17a018ac06ec3708829ea630ab6cbe96a65689d8ca2a264d064fad5aea1cdc1fbc728f1cceb7a2ab1520e380fa24dd4d99e988e0c80970976bba8f46ffff536b4ce33d9c05288feafed671a7f28fda8e25f09a63e4843842ded0935014679c44f3c9daeaa61b1a41571b584cd213a530b12defbf675732f1bb96bd617399016e3ec079ec146fbf4d48c4eec0d4afa21a5a1d885f7fe690997ccd7cd923777e4d617fea3715dad2c7076df35ec8dbb390af77cf6ae5369cf4ea482522f20ebcdf604d7a32df9307fd8d56728fd2e1441cb7129139d1395b9f9683d7dc8c44252333cdb9057326321931a1b00624d77943141aa0cdae86c9e24623f923da59a6570d83060c334addf1e28bc0373ec3cf0bb00db346f0c39fd28acf5e05ce7a58693c81e1b9951e3ea5e625a274bdc36ef97a060c4639e203b60ae225ba4073bc794cbe55727d72f59a8479e70193eb796bbea3681268ac9abbaa70050977b75eb7b236d7b35eede41e1c645d31a93cf6f3ba559455054c18f0060d2707031bcf41077598ac93ffa2c84d69f0d6d38011bf5c7deb3cc204752c2598b4a4e0f1f46e60995ec82c4cd0281891fdb4dd687ee62266f5b7653c35decc6b79c27f50231ac956d5f3c89cc3f7f0f8939854841013ba787e5545dcd63cccbd5f56b6f3cfd15836ec2ef53f5b591c67688bebbf4cd16ae3073582ebda387e4e14b8a402078823b7db37c260de158905869d855db7bb5104bc8b3734a072416d6ba2328a5bd0b4428b6e116baf7c02dc48ed9f1d295fe3ea3a26c3cda65c74ce9e0b83b35e36e549c1adef0210c0d18ad7f553351cfab34e366f09cf3557e6fad63116eb8d106de670308dc63c8602db0c362cabcf1963265a25c021b58a27d240a7f0731249969d6d31758dab9779cf1b1a51f2fea73be8f781787332c9a128130c9d67cdbd8dd86e569259f17ee56f10fd04b95d53b58f827a9a54410ec4c5e65d9b9b6d0ba3b74dca57921958835ec7bfc8aa512a864940de623e993b9d07983dbd7b230a1097aa825e68b75eb784480b0f285b7782b1c83fd94f9e3d26a04f8a8f3087eea8640edac22c37cbc60fe6bf21cc101619387d316a1cd52816c77c1cb0ef66aaad4466d3322fa5b8ade703ef321922703378b0b8488a4901ef830b6b0d49a14adb56b499ec903fb10363dcf8287e91c77be2537c090036c3ddb41b3496abc5f40319b2e370e30ce7da9592c4d53ab5e9d9e824e05ce82caed9cf0f2f031f03996d24cb62581b312d95e94c4ee90c19e21843b75b171f79efe96fa014caede3222f675b4f9ac49ca57976322dffa67881bf6baf4361e2a19b97d8be773b910991af9c9c6b47a0c86536afe62d9539e52a6cd5e1ea0c2c8a6e79f1e7ee831fd2e95690ca86ffa71de842221c185a9d3c98a1dc69ccd02ed4b13963f5aada24662bf6f30d7ace19
\.


--
-- Data for Name: receipt; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.receipt (id, parcel, message, sender, recipient, what, form, at, due_at) FROM stdin;
3	01a21758-0170-7730-9e11-0a5028b2fc97	01a21758-0170-70bc-aa50-c48cf147e027	anna@example.com	member@pickup.example	opened	mail	2026-11-26 10:12:53.569895+00	2026-11-27 10:12:53.569895+00
\.


--
-- Data for Name: sender_page; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.sender_page (message, digest, boxed, sender, created_at) FROM stdin;
01a21757-f8cc-733a-a4b1-86963b86b58c	\\x1267b2c2e5d08616fbf6f8bfc3d9b433cd8ad7f1b418025ba3eac1ce5378edf5	\\xc00c0c190a93913647eb8b7be479554e3fa1794d21a4fe31db1067717a2bf869075c31941f96dba599e80f9789526a8d32eb488d81b5696369565f404c8d9a862330bc2f3aeddb8a0af6b7fade88c2a4	anna@example.com	2026-11-26 10:12:51.055657+00
01a21757-faa2-739d-837e-e02a962e6fd5	\\x37c3b74a09960d9471517be7d7d5ddb143bf0b0c9b1909e9055724ee8e9d43f6	\\x45bfcddf1842de6311e13f99c95d0170c5c1b266133681378b5dc11543069d11d0d56d297f04edb4ba712d6cc87ea8fef09241fbcef80d369e39c4fb2ea6ba574e26008db47ed901508dfc2f9dbd56dc	anna@example.com	2026-11-26 10:12:51.495985+00
01a21757-fce1-7bf1-8311-919ef16df1e7	\\x8c9aef749070553a0f1e3a1fba80f55b540af5b230731aa2b0eb95c451da66c2	\\xc4dd801939175307735f8ed6046636c300322d99a10e14e8a85989148e8c204e481d53c569c935eadba6dba80fc6dfc819e1b9e5adc6ea05d7b3e8fd328daf4ecb572788c1d04d37a07c49ac4c522af0	anna@example.com	2026-11-26 10:12:52.080032+00
01a21757-fee7-700e-94a0-0b57babea6a7	\\x2e270b3882bc3b86ffa3158d3b4bfc92c767dd98ae5dacc34c707fdf20d32ebf	\\x0bea83d60ce8858dac0178f2f72501f5b9e11e138e2b4ae13ab9b6120190f868dfb86dd08004db102abd0bc51b2807526ec2af5f9b07c7a8193df029e05b2edfbb6d53191b384cfa9a5016a59986f5a2	anna@example.com	2026-11-26 10:12:52.592285+00
01a21758-0170-70bc-aa50-c48cf147e027	\\xfe53d9783359f8d01ad92767a0faa22baf9b32a3471d91f1002b600af22d16c5	\\x080e1daee32980adc8668238f625f1dbbca288f6fdb6aed4deeab0c1e03bfe7e958b02e2552ccaf3fc50a0b6abb2de9718a49cbdd516d20369665199e7d73cb2db8e20cd31fd7c6d0d2e75906a9f299a	anna@example.com	2026-11-26 10:12:53.244705+00
01a21758-079c-72c3-aa16-0d3e7bb23e7e	\\xfdd9d3f47199889fe1e39faadde4db38b62df1e1e4d9255851c422433dad8177	\\x4ec9e5e2bfa43a046b64c2fed03cccc395d61011c8ec936069ef53d603d570427db0a410cb43a072397bdc811e8a3e00c5dbc8c3d21f9f76269df0b98edc382b365e7e715379d15f93a5109950740268	anna@example.com	2026-11-26 10:12:54.827812+00
01a21758-0855-78d8-a0d1-96c0f450d42d	\\x297ed8458136b8f2a74db0226cc96e855a63e6eaab755044dc5db71160daa693	\\x549b9816b0d3a25a34c1b1b68ed26b395c1d5578588a4a65b5523525fe99c874553f26aad38939b8dae836d9eef46815de4f1d8fc2de9f7a7f7192536c5eeebc0c911299562f7a8168b91a4115f0bfdb	member@pickup.example	2026-11-26 10:12:55.015776+00
\.


--
-- Data for Name: session_key; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.session_key (session, parcel_key, wrapped) FROM stdin;
01a21757-fb9e-7e34-80e1-9d0c3fc74d06	01a21757-faa2-7197-9497-fefc4d9167a4	\\xd55e21044def6d4d1685ca1a6546846d2bffbcb8594a09e9152ae44fc56feaf9ad2403cdf40968b5bba2971968d7ee73b09bdbf2ea6f5ea475204539d27610bebc4651e323ef6de3
01a21758-0779-7329-8d52-c521a0e29949	01a21758-0170-7d20-bf83-68ee6889e920	\\x82b358d8c5c78c0b7b620ceb815f1b52b2a32b656b19c97af28e54b7399b49ae3bbfb5a2faa9cd96da55f85aa275c91c52be607214b2707cd0c02211cbc4890b336a789f7fd9f1f8
\.


--
-- Data for Name: throttle; Type: TABLE DATA; Schema: postseal; Owner: -
--

COPY postseal.throttle (what, whom, count, until) FROM stdin;
code address	\\x90c742e40664fa9acbcf26c10d2383e0	0	2026-11-26 11:12:51.695223+00
code address	\\xc701a9eb7e04d8b6b21a06327f38ffa4	5	2026-11-26 11:12:52.275209+00
code network	\\x0b0ef8399a558cc3db8f1b2069900fb3	5	2026-11-26 11:12:51.673071+00
code address	\\x93690b9e4c314ba70cd4f6239e2746ef	0	2026-11-26 11:12:53.499587+00
\.


--
-- Name: event_id_seq; Type: SEQUENCE SET; Schema: postseal; Owner: -
--

SELECT pg_catalog.setval('postseal.event_id_seq', 23, true);


--
-- Name: receipt_id_seq; Type: SEQUENCE SET; Schema: postseal; Owner: -
--

SELECT pg_catalog.setval('postseal.receipt_id_seq', 3, true);


--
-- Name: account account_address_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.account
    ADD CONSTRAINT account_address_key UNIQUE (address);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);


--
-- Name: address_proof address_proof_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.address_proof
    ADD CONSTRAINT address_proof_pkey PRIMARY KEY (token_hash);


--
-- Name: attestation attestation_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.attestation
    ADD CONSTRAINT attestation_pkey PRIMARY KEY (id);


--
-- Name: copy copy_message_address_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.copy
    ADD CONSTRAINT copy_message_address_key UNIQUE (message, address);


--
-- Name: copy copy_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.copy
    ADD CONSTRAINT copy_pkey PRIMARY KEY (id);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);


--
-- Name: key_address key_address_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.key_address
    ADD CONSTRAINT key_address_pkey PRIMARY KEY (address, key);


--
-- Name: key key_kind_fingerprint_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.key
    ADD CONSTRAINT key_kind_fingerprint_key UNIQUE (kind, fingerprint);


--
-- Name: key key_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.key
    ADD CONSTRAINT key_pkey PRIMARY KEY (id);


--
-- Name: message message_identity_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.message
    ADD CONSTRAINT message_identity_key UNIQUE (identity);


--
-- Name: message message_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);


--
-- Name: outbox_chunk outbox_chunk_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox_chunk
    ADD CONSTRAINT outbox_chunk_pkey PRIMARY KEY (outbox, number);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);


--
-- Name: outbox_recipient outbox_recipient_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox_recipient
    ADD CONSTRAINT outbox_recipient_pkey PRIMARY KEY (outbox, number);


--
-- Name: parcel_chunk parcel_chunk_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_chunk
    ADD CONSTRAINT parcel_chunk_pkey PRIMARY KEY (parcel, number);


--
-- Name: parcel_key parcel_key_link_hash_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_link_hash_key UNIQUE (link_hash);


--
-- Name: parcel_key parcel_key_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_pkey PRIMARY KEY (id);


--
-- Name: parcel parcel_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel
    ADD CONSTRAINT parcel_pkey PRIMARY KEY (id);


--
-- Name: passkey passkey_credential_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.passkey
    ADD CONSTRAINT passkey_credential_key UNIQUE (credential);


--
-- Name: passkey passkey_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.passkey
    ADD CONSTRAINT passkey_pkey PRIMARY KEY (id);


--
-- Name: policy_version policy_version_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.policy_version
    ADD CONSTRAINT policy_version_pkey PRIMARY KEY (digest);


--
-- Name: portal_session portal_session_cookie_hash_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.portal_session
    ADD CONSTRAINT portal_session_cookie_hash_key UNIQUE (cookie_hash);


--
-- Name: portal_session portal_session_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.portal_session
    ADD CONSTRAINT portal_session_pkey PRIMARY KEY (id);


--
-- Name: private_key private_key_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.private_key
    ADD CONSTRAINT private_key_pkey PRIMARY KEY (key);


--
-- Name: receipt receipt_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (id);


--
-- Name: sender_page sender_page_digest_key; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.sender_page
    ADD CONSTRAINT sender_page_digest_key UNIQUE (digest);


--
-- Name: sender_page sender_page_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.sender_page
    ADD CONSTRAINT sender_page_pkey PRIMARY KEY (message);


--
-- Name: session_key session_key_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.session_key
    ADD CONSTRAINT session_key_pkey PRIMARY KEY (session, parcel_key);


--
-- Name: throttle throttle_pkey; Type: CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.throttle
    ADD CONSTRAINT throttle_pkey PRIMARY KEY (what, whom);


--
-- Name: address_proof_expires; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX address_proof_expires ON postseal.address_proof USING btree (expires_at);


--
-- Name: attestation_address; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX attestation_address ON postseal.attestation USING btree (address, author);


--
-- Name: attestation_stands; Type: INDEX; Schema: postseal; Owner: -
--

CREATE UNIQUE INDEX attestation_stands ON postseal.attestation USING btree (kind, subject, address, author) WHERE (revoked_at IS NULL);


--
-- Name: copy_address; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX copy_address ON postseal.copy USING btree (address);


--
-- Name: event_message; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX event_message ON postseal.event USING btree (message);


--
-- Name: key_address_key; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX key_address_key ON postseal.key_address USING btree (key);


--
-- Name: message_offered_at; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX message_offered_at ON postseal.message USING btree (offered_at);


--
-- Name: message_sender; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX message_sender ON postseal.message USING btree (sender, offered_at);


--
-- Name: outbox_due; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX outbox_due ON postseal.outbox USING btree (next_attempt_at);


--
-- Name: parcel_key_copy; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX parcel_key_copy ON postseal.parcel_key USING btree (copy);


--
-- Name: parcel_key_expires; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX parcel_key_expires ON postseal.parcel_key USING btree (expires_at);


--
-- Name: parcel_key_folder; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX parcel_key_folder ON postseal.parcel_key USING btree (account, folder, id) WHERE (account IS NOT NULL);


--
-- Name: parcel_key_parcel; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX parcel_key_parcel ON postseal.parcel_key USING btree (parcel);


--
-- Name: parcel_waiting; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX parcel_waiting ON postseal.parcel USING btree (issue_at) WHERE (issued_at IS NULL);


--
-- Name: passkey_account; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX passkey_account ON postseal.passkey USING btree (account);


--
-- Name: portal_session_account; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX portal_session_account ON postseal.portal_session USING btree (account);


--
-- Name: portal_session_expires; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX portal_session_expires ON postseal.portal_session USING btree (expires_at);


--
-- Name: receipt_due; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX receipt_due ON postseal.receipt USING btree (due_at);


--
-- Name: session_key_parcel_key; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX session_key_parcel_key ON postseal.session_key USING btree (parcel_key);


--
-- Name: throttle_until; Type: INDEX; Schema: postseal; Owner: -
--

CREATE INDEX throttle_until ON postseal.throttle USING btree (until);


--
-- Name: key authority_added; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER authority_added AFTER INSERT ON postseal.key FOR EACH ROW WHEN ((new.role = ANY (ARRAY['root'::text, 'intermediate'::text]))) EXECUTE FUNCTION postseal.key_changed();


--
-- Name: copy copy_moved; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER copy_moved AFTER UPDATE OF state ON postseal.copy FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION postseal.copy_changed();


--
-- Name: key_address key_address_changed; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER key_address_changed AFTER INSERT OR DELETE OR UPDATE ON postseal.key_address FOR EACH ROW EXECUTE FUNCTION postseal.key_address_changed();


--
-- Name: key key_changed; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER key_changed AFTER DELETE OR UPDATE ON postseal.key FOR EACH ROW EXECUTE FUNCTION postseal.key_changed();


--
-- Name: outbox outbox_added; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER outbox_added AFTER INSERT ON postseal.outbox FOR EACH ROW WHEN ((new.kind <> ALL (ARRAY['notice'::text, 'code'::text]))) EXECUTE FUNCTION postseal.outbox_added();


--
-- Name: parcel parcel_added; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER parcel_added AFTER INSERT ON postseal.parcel FOR EACH STATEMENT EXECUTE FUNCTION postseal.outbox_added();


--
-- Name: parcel_key parcel_key_gone; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER parcel_key_gone AFTER DELETE ON postseal.parcel_key FOR EACH ROW EXECUTE FUNCTION postseal.parcel_key_gone();


--
-- Name: parcel parcel_renewed; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER parcel_renewed AFTER UPDATE OF issue_at ON postseal.parcel FOR EACH STATEMENT EXECUTE FUNCTION postseal.outbox_added();


--
-- Name: receipt receipt_added; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER receipt_added AFTER INSERT ON postseal.receipt FOR EACH STATEMENT EXECUTE FUNCTION postseal.outbox_added();


--
-- Name: account wish_changed; Type: TRIGGER; Schema: postseal; Owner: -
--

CREATE TRIGGER wish_changed AFTER DELETE OR UPDATE OF wish ON postseal.account FOR EACH ROW EXECUTE FUNCTION postseal.wish_changed();


--
-- Name: copy copy_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.copy
    ADD CONSTRAINT copy_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: event event_copy_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.event
    ADD CONSTRAINT event_copy_fkey FOREIGN KEY (copy) REFERENCES postseal.copy(id);


--
-- Name: event event_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.event
    ADD CONSTRAINT event_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: key_address key_address_key_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.key_address
    ADD CONSTRAINT key_address_key_fkey FOREIGN KEY (key) REFERENCES postseal.key(id) ON DELETE CASCADE;


--
-- Name: message message_policy_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.message
    ADD CONSTRAINT message_policy_fkey FOREIGN KEY (policy) REFERENCES postseal.policy_version(digest);


--
-- Name: outbox_chunk outbox_chunk_outbox_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox_chunk
    ADD CONSTRAINT outbox_chunk_outbox_fkey FOREIGN KEY (outbox) REFERENCES postseal.outbox(id) ON DELETE CASCADE;


--
-- Name: outbox outbox_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox
    ADD CONSTRAINT outbox_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: outbox_recipient outbox_recipient_copy_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox_recipient
    ADD CONSTRAINT outbox_recipient_copy_fkey FOREIGN KEY (copy) REFERENCES postseal.copy(id);


--
-- Name: outbox_recipient outbox_recipient_outbox_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.outbox_recipient
    ADD CONSTRAINT outbox_recipient_outbox_fkey FOREIGN KEY (outbox) REFERENCES postseal.outbox(id) ON DELETE CASCADE;


--
-- Name: parcel_chunk parcel_chunk_parcel_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_chunk
    ADD CONSTRAINT parcel_chunk_parcel_fkey FOREIGN KEY (parcel) REFERENCES postseal.parcel(id) ON DELETE CASCADE;


--
-- Name: parcel_key parcel_key_account_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_account_fkey FOREIGN KEY (account) REFERENCES postseal.account(id) ON DELETE CASCADE;


--
-- Name: parcel_key parcel_key_answers_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_answers_fkey FOREIGN KEY (answers) REFERENCES postseal.parcel_key(id) ON DELETE SET NULL;


--
-- Name: parcel_key parcel_key_copy_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_copy_fkey FOREIGN KEY (copy) REFERENCES postseal.copy(id);


--
-- Name: parcel_key parcel_key_parcel_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel_key
    ADD CONSTRAINT parcel_key_parcel_fkey FOREIGN KEY (parcel) REFERENCES postseal.parcel(id) ON DELETE CASCADE;


--
-- Name: parcel parcel_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.parcel
    ADD CONSTRAINT parcel_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: passkey passkey_account_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.passkey
    ADD CONSTRAINT passkey_account_fkey FOREIGN KEY (account) REFERENCES postseal.account(id) ON DELETE CASCADE;


--
-- Name: portal_session portal_session_account_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.portal_session
    ADD CONSTRAINT portal_session_account_fkey FOREIGN KEY (account) REFERENCES postseal.account(id) ON DELETE CASCADE;


--
-- Name: private_key private_key_key_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.private_key
    ADD CONSTRAINT private_key_key_fkey FOREIGN KEY (key) REFERENCES postseal.key(id) ON DELETE CASCADE;


--
-- Name: receipt receipt_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.receipt
    ADD CONSTRAINT receipt_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: receipt receipt_parcel_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.receipt
    ADD CONSTRAINT receipt_parcel_fkey FOREIGN KEY (parcel) REFERENCES postseal.parcel(id) ON DELETE SET NULL;


--
-- Name: sender_page sender_page_message_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.sender_page
    ADD CONSTRAINT sender_page_message_fkey FOREIGN KEY (message) REFERENCES postseal.message(id);


--
-- Name: session_key session_key_parcel_key_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.session_key
    ADD CONSTRAINT session_key_parcel_key_fkey FOREIGN KEY (parcel_key) REFERENCES postseal.parcel_key(id) ON DELETE CASCADE;


--
-- Name: session_key session_key_session_fkey; Type: FK CONSTRAINT; Schema: postseal; Owner: -
--

ALTER TABLE ONLY postseal.session_key
    ADD CONSTRAINT session_key_session_fkey FOREIGN KEY (session) REFERENCES postseal.portal_session(id) ON DELETE CASCADE;


--
-- Name: SCHEMA postseal; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA postseal TO postseal_milter;
GRANT USAGE ON SCHEMA postseal TO postseal_courier;
GRANT USAGE ON SCHEMA postseal TO postseal_portal;
GRANT USAGE ON SCHEMA postseal TO postseal_keeper;
GRANT USAGE ON SCHEMA postseal TO postseal_auditor;


--
-- Name: FUNCTION account_end(gone text, because text); Type: ACL; Schema: postseal; Owner: -
--

REVOKE ALL ON FUNCTION postseal.account_end(gone text, because text) FROM PUBLIC;
GRANT ALL ON FUNCTION postseal.account_end(gone text, because text) TO postseal_portal;


--
-- Name: FUNCTION key_give(new_id uuid, new_kind text, new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamp with time zone, new_not_after timestamp with time zone, new_capabilities text[], giver text); Type: ACL; Schema: postseal; Owner: -
--

REVOKE ALL ON FUNCTION postseal.key_give(new_id uuid, new_kind text, new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamp with time zone, new_not_after timestamp with time zone, new_capabilities text[], giver text) FROM PUBLIC;
GRANT ALL ON FUNCTION postseal.key_give(new_id uuid, new_kind text, new_fingerprint text, new_content bytea, new_owner text, new_not_before timestamp with time zone, new_not_after timestamp with time zone, new_capabilities text[], giver text) TO postseal_portal;


--
-- Name: FUNCTION key_take_back(old_fingerprint text, giver text); Type: ACL; Schema: postseal; Owner: -
--

REVOKE ALL ON FUNCTION postseal.key_take_back(old_fingerprint text, giver text) FROM PUBLIC;
GRANT ALL ON FUNCTION postseal.key_take_back(old_fingerprint text, giver text) TO postseal_portal;


--
-- Name: TABLE account; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.account TO postseal_portal;


--
-- Name: COLUMN account.id; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(id) ON TABLE postseal.account TO postseal_courier;


--
-- Name: COLUMN account.address; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(address) ON TABLE postseal.account TO postseal_courier;
GRANT SELECT(address) ON TABLE postseal.account TO postseal_milter;


--
-- Name: COLUMN account.language; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(language) ON TABLE postseal.account TO postseal_courier;


--
-- Name: COLUMN account.public_key; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(public_key) ON TABLE postseal.account TO postseal_courier;


--
-- Name: COLUMN account.wish; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(wish) ON TABLE postseal.account TO postseal_milter;


--
-- Name: TABLE address_proof; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.address_proof TO postseal_portal;
GRANT SELECT,DELETE ON TABLE postseal.address_proof TO postseal_courier;


--
-- Name: TABLE attestation; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT ON TABLE postseal.attestation TO postseal_portal;
GRANT SELECT ON TABLE postseal.attestation TO postseal_courier;
GRANT SELECT ON TABLE postseal.attestation TO postseal_milter;
GRANT SELECT ON TABLE postseal.attestation TO postseal_auditor;


--
-- Name: COLUMN attestation.revoked_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(revoked_at) ON TABLE postseal.attestation TO postseal_portal;


--
-- Name: COLUMN attestation.revoked_because; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(revoked_because) ON TABLE postseal.attestation TO postseal_portal;


--
-- Name: TABLE copy; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT ON TABLE postseal.copy TO postseal_milter;
GRANT SELECT ON TABLE postseal.copy TO postseal_courier;
GRANT INSERT ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.id; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(id) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.message; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(message) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.recipient; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(recipient) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.address; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(address) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.rule_line; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(rule_line) ON TABLE postseal.copy TO postseal_milter;


--
-- Name: COLUMN copy.rule; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(rule) ON TABLE postseal.copy TO postseal_milter;


--
-- Name: COLUMN copy.method; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(method) ON TABLE postseal.copy TO postseal_milter;
GRANT SELECT(method) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.reason; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(reason) ON TABLE postseal.copy TO postseal_milter;
GRANT UPDATE(reason) ON TABLE postseal.copy TO postseal_courier;
GRANT SELECT(reason),UPDATE(reason) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.trace; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(trace) ON TABLE postseal.copy TO postseal_milter;


--
-- Name: COLUMN copy.keys; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(keys) ON TABLE postseal.copy TO postseal_milter;


--
-- Name: COLUMN copy.signed_by; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(signed_by) ON TABLE postseal.copy TO postseal_milter;


--
-- Name: COLUMN copy.state; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(state) ON TABLE postseal.copy TO postseal_milter;
GRANT UPDATE(state) ON TABLE postseal.copy TO postseal_courier;
GRANT SELECT(state),UPDATE(state) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: COLUMN copy.state_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(state_at) ON TABLE postseal.copy TO postseal_milter;
GRANT UPDATE(state_at) ON TABLE postseal.copy TO postseal_courier;
GRANT SELECT(state_at),UPDATE(state_at) ON TABLE postseal.copy TO postseal_portal;


--
-- Name: TABLE message; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT ON TABLE postseal.message TO postseal_milter;
GRANT SELECT ON TABLE postseal.message TO postseal_courier;
GRANT INSERT ON TABLE postseal.message TO postseal_portal;


--
-- Name: COLUMN message.id; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(id) ON TABLE postseal.message TO postseal_portal;


--
-- Name: COLUMN message.identity; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(identity) ON TABLE postseal.message TO postseal_milter;
GRANT UPDATE(identity) ON TABLE postseal.message TO postseal_courier;


--
-- Name: COLUMN message.offered_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(offered_at) ON TABLE postseal.message TO postseal_portal;


--
-- Name: COLUMN message.last_offered_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(last_offered_at) ON TABLE postseal.message TO postseal_milter;


--
-- Name: COLUMN message.offers; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(offers) ON TABLE postseal.message TO postseal_milter;


--
-- Name: COLUMN message.sender; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(sender) ON TABLE postseal.message TO postseal_portal;


--
-- Name: COLUMN message.message_id; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT(message_id) ON TABLE postseal.message TO postseal_portal;


--
-- Name: TABLE log; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.log TO postseal_auditor;


--
-- Name: TABLE by_day; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.by_day TO postseal_auditor;


--
-- Name: TABLE event; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.event TO postseal_milter;
GRANT INSERT ON TABLE postseal.event TO postseal_courier;
GRANT INSERT ON TABLE postseal.event TO postseal_portal;


--
-- Name: TABLE history; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.history TO postseal_auditor;


--
-- Name: TABLE key; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.key TO postseal_milter;
GRANT SELECT ON TABLE postseal.key TO postseal_keeper;


--
-- Name: TABLE key_address; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.key_address TO postseal_milter;


--
-- Name: TABLE migration; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.migration TO postseal_milter;
GRANT SELECT ON TABLE postseal.migration TO postseal_courier;
GRANT SELECT ON TABLE postseal.migration TO postseal_portal;
GRANT SELECT ON TABLE postseal.migration TO postseal_keeper;


--
-- Name: TABLE outbox; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.outbox TO postseal_milter;
GRANT INSERT ON TABLE postseal.outbox TO postseal_portal;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.outbox TO postseal_courier;


--
-- Name: TABLE outbox_chunk; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.outbox_chunk TO postseal_milter;
GRANT INSERT ON TABLE postseal.outbox_chunk TO postseal_portal;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.outbox_chunk TO postseal_courier;


--
-- Name: TABLE outbox_recipient; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.outbox_recipient TO postseal_milter;
GRANT INSERT ON TABLE postseal.outbox_recipient TO postseal_portal;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.outbox_recipient TO postseal_courier;


--
-- Name: TABLE parcel; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.parcel TO postseal_milter;
GRANT SELECT,INSERT ON TABLE postseal.parcel TO postseal_portal;
GRANT SELECT,DELETE ON TABLE postseal.parcel TO postseal_courier;


--
-- Name: COLUMN parcel.issue_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(issue_at) ON TABLE postseal.parcel TO postseal_courier;
GRANT UPDATE(issue_at) ON TABLE postseal.parcel TO postseal_portal;


--
-- Name: COLUMN parcel.issued_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(issued_at) ON TABLE postseal.parcel TO postseal_courier;
GRANT UPDATE(issued_at) ON TABLE postseal.parcel TO postseal_portal;


--
-- Name: COLUMN parcel.layout; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(layout) ON TABLE postseal.parcel TO postseal_portal;


--
-- Name: TABLE parcel_chunk; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.parcel_chunk TO postseal_milter;
GRANT SELECT,INSERT ON TABLE postseal.parcel_chunk TO postseal_portal;


--
-- Name: TABLE parcel_key; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.parcel_key TO postseal_milter;
GRANT SELECT,INSERT,DELETE ON TABLE postseal.parcel_key TO postseal_portal;
GRANT SELECT,DELETE ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.boxed; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(boxed) ON TABLE postseal.parcel_key TO postseal_courier;
GRANT UPDATE(boxed) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.link_hash; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(link_hash) ON TABLE postseal.parcel_key TO postseal_courier;
GRANT UPDATE(link_hash) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.salt; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(salt) ON TABLE postseal.parcel_key TO postseal_courier;
GRANT UPDATE(salt) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.wrapped; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(wrapped) ON TABLE postseal.parcel_key TO postseal_courier;
GRANT UPDATE(wrapped) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.tries; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(tries) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.locked_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(locked_at) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.opened_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(opened_at) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.issued_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(issued_at) ON TABLE postseal.parcel_key TO postseal_portal;
GRANT UPDATE(issued_at) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.link_boxed; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(link_boxed) ON TABLE postseal.parcel_key TO postseal_portal;
GRANT UPDATE(link_boxed) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.reminders; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(reminders) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.account; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(account) ON TABLE postseal.parcel_key TO postseal_portal;
GRANT UPDATE(account) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.sealed; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(sealed) ON TABLE postseal.parcel_key TO postseal_portal;
GRANT UPDATE(sealed) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.kept; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(kept) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: COLUMN parcel_key.folder; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(folder) ON TABLE postseal.parcel_key TO postseal_portal;
GRANT UPDATE(folder) ON TABLE postseal.parcel_key TO postseal_courier;


--
-- Name: COLUMN parcel_key.read_at; Type: ACL; Schema: postseal; Owner: -
--

GRANT UPDATE(read_at) ON TABLE postseal.parcel_key TO postseal_portal;


--
-- Name: TABLE passkey; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.passkey TO postseal_portal;


--
-- Name: TABLE policy_version; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.policy_version TO postseal_auditor;
GRANT SELECT,INSERT ON TABLE postseal.policy_version TO postseal_milter;
GRANT INSERT ON TABLE postseal.policy_version TO postseal_portal;


--
-- Name: TABLE portal_session; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.portal_session TO postseal_portal;
GRANT SELECT,DELETE ON TABLE postseal.portal_session TO postseal_courier;


--
-- Name: TABLE private_key; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.private_key TO postseal_keeper;


--
-- Name: TABLE receipt; Type: ACL; Schema: postseal; Owner: -
--

GRANT INSERT ON TABLE postseal.receipt TO postseal_portal;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.receipt TO postseal_courier;


--
-- Name: TABLE refused; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.refused TO postseal_auditor;


--
-- Name: TABLE sender_page; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE postseal.sender_page TO postseal_courier;
GRANT SELECT ON TABLE postseal.sender_page TO postseal_portal;


--
-- Name: TABLE session_key; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE postseal.session_key TO postseal_portal;


--
-- Name: TABLE throttle; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE postseal.throttle TO postseal_portal;
GRANT SELECT,DELETE ON TABLE postseal.throttle TO postseal_courier;


--
-- Name: TABLE trouble; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.trouble TO postseal_auditor;


--
-- Name: TABLE unprotected; Type: ACL; Schema: postseal; Owner: -
--

GRANT SELECT ON TABLE postseal.unprotected TO postseal_auditor;


--
-- PostgreSQL database dump complete
--


