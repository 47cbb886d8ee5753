"""Every deliberately broken codec is found out by the check that it concerns."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import strategies as st

from avro_ocf.oracle import Disagreement, check_decoder, check_encoder, check_resolver
from tests.oracle.asking import failures
from tests.oracle.mutants import MUTANTS, THEMES, defaults, numbers, texts

EXAMPLES = 2000

# It is the oracle that is tested here, which draws the same cases everywhere.
pytestmark = [pytest.mark.host, pytest.mark.slow]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.__name__.rpartition(".")[2])
def test_no_mutant_survives(theme: ModuleType, tell: Callable[[str], None]) -> None:
    mutants = {name: found for name, found in MUTANTS.items() if found[1].__module__ == theme.__name__}
    firsts = {name: next(failures(mutant(), check, EXAMPLES), None) for name, (check, mutant) in mutants.items()}
    killed = sorted((first[0], name) for name, first in firsts.items() if first)
    assert [name for name, first in firsts.items() if not first] == []
    (most, last), median = killed[-1], killed[len(killed) // 2][0]
    tell(f"{len(killed)} mutants of {theme.__name__}: half are killed within {median} examples, {last} last, after {most}")


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= 130
    assert {check for check, _ in MUTANTS.values()} == {"encoder", "decoder", "resolver", "container reader", "container writer"}


FEW_SCHEMAS = st.sampled_from(["null", "string", "long", {"type": "array", "items": "long"}])


def test_a_counterexample_for_an_encoder_is_small() -> None:
    with pytest.raises(Disagreement) as caught:
        check_encoder(numbers.ZigzagOf32Bits().encode, examples=EXAMPLES, schemas=FEW_SCHEMAS)
    assert caught.value.case.schema == "long"
    assert caught.value.case.value in {2**31, -(2**31) - 1}


def test_a_counterexample_for_a_decoder_is_small() -> None:
    with pytest.raises(Disagreement) as caught:
        check_decoder(texts.TextEndsAtNul().decode, examples=EXAMPLES, schemas=FEW_SCHEMAS)
    assert caught.value.case.schema == "string"
    assert caught.value.case.data == b"\2\0"


def test_a_counterexample_for_a_resolver_of_any_schemas_is_small() -> None:
    with pytest.raises(Disagreement) as caught:
        check_resolver(defaults.IntStaysInt().resolve, examples=500)
    case = caught.value.case
    assert len(json.dumps([case.schema, case.reader_schema])) + len(case.data) < 400
