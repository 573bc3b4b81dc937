"""The shard reader: what was written is trained on, in an order that a step alone decides."""

from __future__ import annotations

import gzip
import tempfile
from itertools import accumulate
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.training import GridConfig
from pivotmine.model.shards.packing import Packing
from pivotmine.model.shards.stream import Stream, open_stream
from pivotmine.model.training.budget import check_languages, diet
from pivotmine.model.training.mixture import Mixture, Placement, slots
from tests.model.handmade_shards import END, write_arm

DOCUMENTS = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=12), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(DOCUMENTS, st.integers(1, 3), st.integers(1, 9), st.integers(0, 5))
def test_sequences_are_the_shuffled_documents_end_to_end(documents, n_files, length, seed):
    with tempfile.TemporaryDirectory() as folder:
        stream = open_stream(write_arm(Path(folder), documents, n_files=n_files))
        total = stream.n_tokens
        n = 2 * total // length + 1  # two epochs and a bit
        packing = Packing(stream, length, (seed,))
        cut = [packing.take(number) for number in range(n)]
    ids = np.concatenate([ids for ids, _ in cut]).tolist()
    whole = [[*document, END] for document in documents]
    for epoch in range(2):
        order = np.random.default_rng([seed, epoch]).permutation(len(documents))
        wanted = [token for place in order for token in whole[place]]
        assert ids[epoch * total : (epoch + 1) * total] == wanted
    for ids_here, positions in cut:  # a document's positions count from its first token here
        expected, at = [], 0
        for token in ids_here.tolist():
            expected.append(at)
            at = 0 if token == END else at + 1
        assert positions.tolist() == expected


@settings(max_examples=20, deadline=None)
@given(DOCUMENTS, st.integers(0, 30))
def test_a_sequence_does_not_depend_on_what_was_read_before(documents, number):
    with tempfile.TemporaryDirectory() as folder:
        stream = open_stream(write_arm(Path(folder), documents))
        read = Packing(stream, 7, (1,))
        for earlier in range(number):
            read.take(earlier)
        fresh, used = Packing(stream, 7, (1,)).take(number), read.take(number)
    assert fresh[0].tolist() == used[0].tolist()


def damaged(folder: Path, what: str) -> str:
    arm = Path(write_arm(folder, [[1, 2, 3], [4, 5]]))
    shard, boundaries = arm / "part-00000.npy", arm / "part-00000.csv.gz"
    manifest = orjson.loads((arm / "manifest.json").read_bytes())
    match what:
        case "a flipped bit":
            shard.write_bytes(b"\7" + shard.read_bytes()[1:])
        case "a missing shard":
            shard.unlink()
        case "a document without boundaries":
            lines = gzip.decompress(boundaries.read_bytes()).splitlines()[:1]
            boundaries.write_bytes(gzip.compress(b"\n".join(lines)))
        case "shifted boundaries":
            lines = gzip.decompress(boundaries.read_bytes()).decode().splitlines()
            first, second = (line.split(",") for line in lines)
            first[1] = second[0] = str(int(first[1]) - 1)
            text = "\n".join([",".join(first), ",".join(second)])
            boundaries.write_bytes(gzip.compress(text.encode()))
        case "rotated ids of the tokenizer":
            file = arm / manifest["tokenizer"]["file"]
            core = orjson.loads(file.read_bytes())
            names = list(core["model"]["vocab"])
            core["model"]["vocab"] = dict(zip(names, [*range(1, len(names)), 0], strict=True))
            file.write_bytes(orjson.dumps(core))
        case "boundaries that are none":
            boundaries.write_bytes(b"start,end")
        case "text only":
            manifest["files"][0]["format"] = "jsonl"
        case "a manifest of something else":
            manifest = {"name": "a web app"}
        case "no manifest":
            (arm / "manifest.json").unlink()
            return str(arm)
    (arm / "manifest.json").write_bytes(orjson.dumps(manifest))
    return str(arm)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("a flipped bit", "not what was written: its BLAKE3 is .* copy it again"),
        ("a missing shard", "part-00000.npy cannot be read"),
        ("a document without boundaries", "do not tile its 7 tokens into 2 documents"),
        ("shifted boundaries", r"documents do not end where its boundaries say \(id 0 ends them\)"),
        ("rotated ids of the tokenizer", "is not the one that the shards were written with"),
        ("boundaries that are none", "boundaries .* cannot be read"),
        ("text only", r"only jsonl\): write them with shard.formats: \[npy\]"),
        ("a manifest of something else", "not one of PivotMine's"),
        ("no manifest", "give the folder of one arm"),
    ],
)
def test_damaged_shards_are_refused(tmp_path: Path, what: str, message: str):
    with pytest.raises(InputError, match=message):
        open_stream(damaged(tmp_path, what))


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.integers(1, 400),
    st.sampled_from(["uniform", "early", "late"]),
)
def test_every_stream_gets_exactly_its_share_of_the_run(weights, n, where):
    total = sum(weights)
    placements = [Placement(f"s{k}", weight / total) for k, weight in enumerate(weights)]
    placements[0] = placements[0]._replace(where=where, window=1.0)
    chosen = slots(placements, n)
    counts = np.bincount(chosen, minlength=len(weights))
    assert counts.sum() == n
    assert all(abs(c - w * n / total) < 1 for c, w in zip(counts, weights, strict=True))


def test_uniform_streams_are_spread_evenly_over_batches():
    chosen = slots([Placement("a", 0.75), Placement("b", 0.25)], 800)
    assert {int(batch.sum()) for batch in chosen.reshape(-1, 8)} == {2}


@pytest.mark.parametrize(
    ("where", "inside"), [("early", slice(0, 300)), ("late", slice(700, None))]
)
def test_a_placed_stream_stays_in_its_window_beside_uniform_streams(where, inside):
    placements = [Placement("common", 0.8), Placement("links", 0.2, where, 0.3)]
    chosen = slots(placements, 1000, replay=0.25)
    assert chosen.sum() == 200 == chosen[inside].sum()
    every = list(accumulate(chosen[inside].tolist()))
    assert all(abs(done - 2 / 3 * (n + 1)) <= 1 for n, done in enumerate(every)), "evenly"


def test_an_impossible_mixture_is_explained():
    with pytest.raises(ConfigError, match=r"these sum to 0\.9: a 0\.5, b 0\.4"):
        slots([Placement("a", 0.5), Placement("b", 0.4)], 100)
    late = [Placement("a", 0.7), Placement("b", 0.3, "late", 0.3)]
    assert slots(late, 100).tolist() == [0] * 70 + [1] * 30
    with pytest.raises(
        ConfigError, match="b: 30% of the run do not fit into its late 30% with 10%"
    ):
        slots(late, 100, replay=0.1)


def test_workers_share_a_step_and_resuming_needs_only_its_number(tmp_path: Path):
    streams = [
        open_stream(write_arm(tmp_path, [[n, n + 1, n + 2] for n in range(1, 90, k + 1)], arm=name))
        for k, name in enumerate(("one", "two"))
    ]

    def mixture() -> Mixture:
        packings = [Packing(stream, 8, (3,)) for stream in streams]
        return Mixture(packings, slots([Placement("one", 0.5), Placement("two", 0.5)], 60))

    whole = mixture()
    for step in (4, 2):
        alone = whole.step(step, 6).ids
        shared = [mixture().step(step, 6, rank, 3).ids for rank in range(3)]
        assert sorted(np.concatenate(shared).tolist()) == sorted(alone.tolist())
        assert (mixture().step(step, 6).ids == alone).all()
    assert len(whole) == 60


def arm_of(folder: Path, name: str, **languages: int) -> tuple[Stream, float]:
    documents = [[1] * 9] * (sum(languages.values()) // 9)
    return open_stream(write_arm(folder, documents, arm=name, languages=languages)), 1.0


def test_an_arm_with_too_few_tokens_is_refused(tmp_path: Path):
    share = arm_of(tmp_path, "small", en=450, fr=450)  # 1,000 with ends of documents
    assert diet("small", [share], 4_000, 4.0).epochs == {"small": 4.0}
    with pytest.raises(
        InputError, match="arm small needs 4,001 tokens of small, which holds 1,000; "
    ):
        diet("small", [share], 4_001, 4.0)


def test_an_arm_with_another_share_of_a_language_is_refused(tmp_path: Path):
    half = arm_of(tmp_path, "half", en=900, fr=900)
    most = arm_of(tmp_path, "most", en=1300, fr=500)
    diets = {"a": diet("a", [half], 100, 1.0), "b": diet("b", [most], 100, 1.0)}
    with pytest.raises(InputError, match=r"arm b: 72.2% of its tokens are en, 50.0% in arm a"):
        check_languages(diets, GridConfig())
    check_languages(diets, GridConfig(language_tolerance=0.23))
    with pytest.raises(InputError, match=r"arm a: 50.0% of its tokens are en, 60.0% in grid.lang"):
        check_languages(diets, GridConfig(languages={"en": 0.6, "fr": 0.4}))
    mixed = diet("c", [(half[0], 0.5), (most[0], 0.5)], 100, 1.0)
    assert mixed.languages["en"] == pytest.approx((0.5 + 1300 / 1800) / 2)
