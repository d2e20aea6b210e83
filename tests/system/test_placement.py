"""Where Postseal stands in Postfix: what leaves, and by which way, whatever else the MTA is told."""
import re

import pytest

import world as sandbox


@pytest.mark.parametrize("change", [["-X", "milter_header_checks"], ["-e", "milter_header_checks ="]], ids=["absent", "empty"])
def test_tls_copy_does_not_depend_on_header_checks(world, post, name, change):
    """Promise 1: a setting that is lost from main.cf lets no mail leave without verified TLS."""
    sandbox.command("postconf", "-c", world.company.config, *change)
    world.company.reload()
    verified, wrong, plain = f"{name}@partner.example", f"{name}@wrong.example", f"{name}@plain.example"
    for to in ([verified], [wrong], [verified, plain]):
        post.accepted(post.compose(to), to)
    for mail in post.box(verified).wait(2):
        assert "with ESMTPS" in mail["Received"]
        assert not [f for f in mail.parsed.keys() if f.lower().startswith("x-postseal")]
    post.box(plain).one()
    sandbox.wait_until(lambda: re.search(rf"to=<{wrong}>.*Server certificate not verified", world.company.log.read_text()),
                       "Postfix to refuse the connection")
    assert post.box(wrong).files() == []
    assert [(c["method"], c["state"]) for c in post.copies(verified)] == [("tls", "sent")] * 2
