-- An auditor reads what postseal-audit(7) lists. Not the files of policies, which the views policies and policy_changes
-- show; nor certificates and keys as they came with mail or from the network.
revoke select on postseal.policy_version, postseal.policy_in_force, postseal.key_mailed, postseal.key_between,
    postseal.certificate_status from postseal_auditor;
grant select (fingerprint, owner, state, evidence, why, revoked_at, good_until, wanted_at, asked_at, trouble)
    on postseal.certificate_status to postseal_auditor;
