"""Reading a whole log and believing none of it.

From a signed size and root downwards: the partial tiles at the right edge must hash to the root,
each full tile to its hash in the tile above, each entry to its hash in the tile of leaves. So every
file is checked before the next one is read, and a wrong one is known by name.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from evenhand.receipts import LeafError, parse_leaf
from evenhand.tlog import (
    TILE_WIDTH,
    Checkpoint,
    RightEdgeError,
    TileError,
    TilePath,
    TileTree,
    decode_bundle,
    decode_tile,
    edge_tiles,
    leaf_hashes,
    parse_tile_path,
    tile_rows,
    tile_width,
)
from evenhand.verify.errors import VerificationError
from evenhand.verify.sources import Source, cut_tile, read_tile

Progress = Callable[[int, int], None]
"""Called with the number of entries verified so far and in all."""

OnVerified = Callable[[TilePath, bytes], None]
"""Called with each file once it has been verified."""


@dataclass(slots=True)
class Walk:
    """One pass over a log; what it found is read from its fields afterwards."""

    source: Source
    checkpoint: Checkpoint
    on_verified: OnVerified
    kinds: Counter[str] = field(default_factory=Counter[str])
    tiles: int = 0
    bundles: int = 0
    tree: TileTree = field(init=False)
    _read_ahead: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _unverified: list[tuple[TilePath, bytes]] = field(default_factory=list[tuple[TilePath, bytes]])

    def __post_init__(self) -> None:
        """Verify the right edge against the root.

        Raises:
            VerificationError: It does not hash to the root; the message names the file.
        """
        size, root = self.checkpoint.size, self.checkpoint.root
        try:
            self.tree = TileTree(size=size, root=root, read=self._read)
        except RightEdgeError as error:
            raise VerificationError(_diagnose(self.source, size=size)) from error
        except TileError as error:
            raise VerificationError(str(error)) from error
        self._settle()

    def run(self, *, parse_leaves: bool, progress: Progress) -> None:
        """Verify every tile and every entry.

        Raises:
            VerificationError: A file is missing, malformed or not what the root commits to, or an
                entry is not a leaf; the message names the file and the entry.
            UnreachableError: A file cannot be read.
        """
        size = self.checkpoint.size
        paths = (path for pair in _leaf_files(size) for path in pair)
        done = 0
        for path, data in _reading_ahead(self.source, paths):
            if path.level is not None:
                self._read_ahead[str(path)] = data
                continue
            self._verify_bundle(path, data, parse_leaves=parse_leaves)
            done += path.width
            progress(done, size)

    def _verify_bundle(self, path: TilePath, data: bytes, *, parse_leaves: bool) -> None:
        try:
            hashes = self.tree.hashes(level=0, number=path.number)
            entries = decode_bundle(data, path=path)
        except TileError as error:
            raise VerificationError(str(error)) from error
        self._read_ahead.clear()
        self._settle()
        _compare(leaf_hashes(entries), hashes, path=path)
        if parse_leaves:
            for position, entry in enumerate(entries):
                try:
                    self.kinds[parse_leaf(entry).kind] += 1
                except LeafError as error:
                    index = path.number * TILE_WIDTH + position
                    raise VerificationError(f"{path}, entry {index}: {error}") from error
        self.bundles += 1
        self._finish(path, data)

    def _read(self, path: str) -> bytes:
        parsed = parse_tile_path(path)
        data = self._read_ahead.get(path)
        if data is None:
            data = read_tile(self.source, parsed)
        self._unverified.append((parsed, data))
        return data

    def _settle(self) -> None:
        """Everything that the tree has read by now is verified, or it would have raised."""
        for path, data in self._unverified:
            self.tiles += 1
            self._finish(path, data)
        self._unverified.clear()

    def _finish(self, path: TilePath, data: bytes) -> None:
        _check_older_partials(self.source, path, data)
        self.on_verified(path, data)


def _leaf_files(size: int) -> Iterator[tuple[TilePath, ...]]:
    """Return, in order, each full tile of leaves and its bundle; the edge is already verified."""
    for number in range(-(-size // TILE_WIDTH)):
        width = tile_width(level=0, number=number, size=size)
        bundle = TilePath(level=None, number=number, width=width)
        tile = TilePath(level=0, number=number, width=width)
        yield (tile, bundle) if width == TILE_WIDTH else (bundle,)


def _reading_ahead(source: Source, paths: Iterable[TilePath]) -> Iterator[tuple[TilePath, bytes]]:
    """Read files in order, on a slow source a bounded number of them at once."""
    if source.readers == 1:
        for path in paths:
            yield path, read_tile(source, path)
        return
    waiting = iter(paths)
    with ThreadPoolExecutor(source.readers) as pool:

        def begin(path: TilePath) -> tuple[TilePath, Future[bytes]]:
            return path, pool.submit(read_tile, source, path)

        begun = deque(begin(path) for path in islice(waiting, 4 * source.readers))
        try:
            while begun:
                path, future = begun.popleft()
                yield path, future.result()
                begun.extend(begin(path) for path in islice(waiting, 1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _compare(found: Sequence[bytes], stored: Sequence[bytes], *, path: TilePath) -> None:
    for position, (ours, theirs) in enumerate(zip(found, stored, strict=True)):
        if ours != theirs:
            index = path.number * TILE_WIDTH + position
            raise VerificationError(
                f"{path}, entry {index}: not the entry that the tree commits to"
            )


def _check_older_partials(source: Source, path: TilePath, data: bytes) -> None:
    """Partial tiles of older trees are still evidence: each must begin what is verified."""
    for width in source.partial_widths(path):
        if width < path.width:
            older = TilePath(level=path.level, number=path.number, width=width)
            if read_tile(source, older) != cut_tile(data, path=path, width=width):
                raise VerificationError(f"{older}: not the beginning of {path}")


def _diagnose(source: Source, *, size: int) -> str:
    """Say which file is to blame when the right edge does not hash to the root.

    Each partial tile is compared with what lies below it. If all agree, the root itself is wrong.
    """
    for level, path in edge_tiles(size).items():
        stored = decode_tile(read_tile(source, path), path=path)
        if level == 0:
            below = TilePath(level=None, number=path.number, width=path.width)
            try:
                entries = decode_bundle(read_tile(source, below), path=below)
            except TileError as error:
                return str(error)
            found = leaf_hashes(entries)
        else:
            below = TilePath(level=level - 1, number=path.number * TILE_WIDTH)
            found = [_full_tile_root(source, below, position) for position in range(path.width)]
        for position, (ours, theirs) in enumerate(zip(found, stored, strict=True)):
            if ours != theirs:
                return f"{path}, hash {position}: does not match what lies below it ({below} ff.)"
    return "checkpoint, line 3: the root hash is not the one of the log's tiles"


def _full_tile_root(source: Source, first: TilePath, offset: int) -> bytes:
    path = TilePath(level=first.level, number=first.number + offset)
    try:
        return tile_rows(decode_tile(read_tile(source, path), path=path))[-1][0]
    except TileError as error:
        raise VerificationError(str(error)) from error
