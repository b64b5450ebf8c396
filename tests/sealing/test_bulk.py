"""The bulk way gives the very bytes of the box, which are the documented ones."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.sealing import Context, DataKey, SealingError, bulk_sealer, open_sealed, seal

data_keys = st.builds(DataKey, id=st.uuids(), key=st.binary(min_size=32, max_size=32))
nonces = st.binary(min_size=12, max_size=12)
names = st.text(st.characters(codec="ascii"), max_size=20)


@given(
    data_keys, st.uuids(), st.uuids(), names, st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.uuids(), st.binary(max_size=300), nonces), max_size=5),
)  # fmt: skip
def test_the_same_bytes_as_one_by_one(
    dek: DataKey,
    workspace: UUID,
    project: UUID,
    field: str,
    version: int,
    rows: list[tuple[UUID, bytes, bytes]],
) -> None:
    seal_one = bulk_sealer(dek, workspace=workspace, project=project, field=field, version=version)
    for one, plaintext, nonce in rows:
        context = Context(workspace, project, one, version, field)
        sealed = seal_one(one.bytes, plaintext, nonce)
        assert sealed == seal(dek, context, plaintext, nonce=nonce)
        assert open_sealed(dek, context, sealed) == plaintext


@pytest.mark.parametrize(("id_bytes", "nonce_bytes"), [(15, 12), (17, 12), (16, 11), (16, 13)])
def test_other_lengths_are_refused(id_bytes: int, nonce_bytes: int) -> None:
    dek = DataKey(UUID(int=1), bytes(32))
    seal_one = bulk_sealer(dek, workspace=UUID(int=2), project=UUID(int=3), field="payload")
    with pytest.raises(SealingError, match="16 bytes"):
        seal_one(bytes(id_bytes), b"text", bytes(nonce_bytes))
