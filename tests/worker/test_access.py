"""Tokens: what they are good for, what they are not, and what is told of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avro_ocf.errors import DatumError, StoreError
from avro_ocf.worker import Access, issue_token
from avro_ocf.worker.access import Grant
from avro_ocf.worker.http import HttpError
from tests.worker.web import ADMIN, SECRET

NOW_MS = 1_764_000_000_000
ACCESS = Access(ADMIN, SECRET, clock=lambda: NOW_MS)

ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50)


def refused(access: Access, authorization: str | None) -> str:
    with pytest.raises(HttpError) as caught:
        access.grant({} if authorization is None else {"authorization": authorization})
    assert caught.value.status == 401
    assert caught.value.headers["www-authenticate"].startswith("Bearer realm=")
    for secret in (ADMIN, SECRET, *(authorization or "").split()):
        assert len(secret) < 10 or secret not in caught.value.message
    return caught.value.message


@given(ids, st.integers(1, 10**12))
def test_a_dataset_token_is_for_its_dataset_until_it_expires(dataset_id: str, lifetime_ms: int) -> None:
    token = issue_token(SECRET, dataset_id, NOW_MS + lifetime_ms)
    grant = ACCESS.grant({"authorization": f"Bearer {token}"})
    assert grant == Grant(dataset_id, NOW_MS)
    assert not grant.is_admin
    grant.check_dataset(dataset_id)
    with pytest.raises(HttpError, match="another dataset"):
        grant.check_dataset(dataset_id + "x")
    with pytest.raises(HttpError, match="admin"):
        grant.check_admin()
    for late in (lifetime_ms, lifetime_ms + 1):
        later = Access(ADMIN, SECRET, clock=lambda late=late: NOW_MS + late)  # type: ignore[misc]
        assert refused(later, f"Bearer {token}") == "the token has expired"


def test_an_admin_token_is_for_everything() -> None:
    for scheme in ("Bearer", "bearer", "BEARER", "Bearer "):
        grant = ACCESS.grant({"authorization": f"{scheme} {ADMIN}"})
        grant.check_admin()
        grant.check_dataset("any")


@given(st.data())
def test_a_token_that_was_changed_is_none(data: st.DataObject) -> None:
    token = issue_token(SECRET, data.draw(ids), NOW_MS + 1000)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcxyzABCXYZ0189-_.=~").filter(lambda character: character != token[place]))
    refused(ACCESS, f"Bearer {token[:place]}{other}{token[place + 1 :]}")
    refused(ACCESS, f"Bearer {token[:place]}{token[place + 1 :]}")
    refused(ACCESS, f"Bearer {token}{other}")


def test_parts_of_two_tokens_make_none() -> None:
    first, second = (issue_token(SECRET, name, NOW_MS + late).split(".") for name, late in (("a", 1000), ("b", 2000)))
    for place in range(1, 4):
        refused(ACCESS, "Bearer " + ".".join([*first[:place], second[place], *first[place + 1 :]]))
    refused(ACCESS, "Bearer " + issue_token(SECRET + "x", "a", NOW_MS + 1000))
    refused(Access(ADMIN, clock=lambda: NOW_MS), "Bearer " + ".".join(first))


AUTHORIZATIONS = [
    *(None, "", "Bearer", "Bearer ", ADMIN, f"Basic {ADMIN}", f"Bearer {ADMIN} x", f"Bearer {ADMIN[:-1]}", f"Bearer {ADMIN}x"),
    *("Bearer \xe9", f"Bearer {SECRET}", "Bearer v1..1.x", "Bearer v1.YQ.99999999999999.", f"Bearer {ADMIN}, Bearer {ADMIN}"),
    f"Bearer\t{ADMIN}",
]


@pytest.mark.parametrize("authorization", AUTHORIZATIONS)
def test_nothing_without_a_token(authorization: str | None) -> None:
    refused(ACCESS, authorization)


@given(st.text(max_size=80))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    refused(ACCESS, f"Bearer {text}")


@pytest.mark.parametrize("bad", ["", "x" * 15, "x" * 15 + " ", "x" * 16 + "\n", "é" * 16, None, 5, b"x" * 16])
def test_short_secrets_are_refused_by_name(bad: str) -> None:
    with pytest.raises(StoreError, match="the admin token") as caught:
        Access(bad)
    assert not bad or str(bad) not in str(caught.value)
    with pytest.raises(StoreError, match="the dataset secret") as caught:
        issue_token(bad, "d", NOW_MS)
    assert not bad or str(bad) not in str(caught.value)
    if bad is not None:
        with pytest.raises(StoreError, match="the dataset secret"):
            Access(ADMIN, bad)


def test_one_secret_is_not_for_both() -> None:
    with pytest.raises(StoreError, match="the same"):
        Access(ADMIN, ADMIN)


def test_a_token_is_not_made_for_what_is_no_dataset() -> None:
    for bad in ("", "a\n", "x" * 513):
        with pytest.raises(DatumError, match="dataset_id"):
            issue_token(SECRET, bad, NOW_MS)
    for late in (-1, 2**53, 1.5):
        with pytest.raises(DatumError, match="expires_at_ms"):
            issue_token(SECRET, "d", late)  # type: ignore[arg-type]
