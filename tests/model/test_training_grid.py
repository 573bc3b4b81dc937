"""A whole grid on a tiny model: arms and seeds, resuming, the report, and what is refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.cli import app
from pivotmine.model.comparison.run import adjusted, compare
from pivotmine.model.config.recipe import load_model_recipe
from pivotmine.model.config.training import GridConfig
from pivotmine.model.progress import Progress
from pivotmine.model.report.arms import arms_page
from pivotmine.model.results import Run, read_run, write_json, write_table
from pivotmine.model.scoring.prompts import answer, prompt
from pivotmine.model.shards.packing import Packing
from pivotmine.model.statistics.registration import (
    Registration,
    history,
    register,
    registrations,
)
from pivotmine.model.training.grid import TABLES, run_grid
from pivotmine.model.training.mixture import Mixture, slots
from pivotmine.model.training.plan import make_plan
from pivotmine.model.words.dataset import Direction, WordSet, save
from tests.model.handmade_shards import word_tokenizer, write_arm
from tests.model.test_report import parsed

ARMS = ("mixed", "plain")


def test_prompts_of_lines_look_like_parallel_documents(small_words: WordSet):
    shots = small_words.split("train")  # bread, cat, dog, horse, milk
    assert prompt(Direction("en", "fr"), {}, shots, "moon", "lines") == (
        "horse milk.\ncheval lait.\nmoon bread cat dog.\n"
    )
    assert answer("lune", "lines") == "lune"


@pytest.fixture
def recipe(tmp_path: Path, small_words: WordSet) -> Path:
    """Two arms of one corpus, written as shards, and a grid over them."""
    words = [concept.words[lang] for concept in small_words.concepts for lang in ("en", "fr")]
    core = word_tokenizer(list(dict.fromkeys(words)))
    ids = {word: core.encode(word).ids[0] for word in words}
    pairs = [(ids[c.words["en"]], ids[c.words["fr"]]) for c in small_words.concepts]
    generator = np.random.default_rng(0)
    size = core.get_vocab_size()
    folders = {}
    for arm in (*ARMS, "base", "heldout"):
        documents = []
        for place in generator.integers(0, len(pairs), 150).tolist():
            other = generator.integers(0, len(pairs))
            english, french = pairs[place][0], pairs[place if arm == "mixed" else other][1]
            documents.append([english, 3, 2, french, 3, 2])
        folders[arm] = write_arm(
            tmp_path, documents, arm=arm, vocab_size=size, tokenizer=core,
            languages={"en": 450, "fr": 450},
        )  # fmt: skip
    save(small_words, tmp_path / "words", {})
    settings = {
        "training": {
            "shape": {"hidden_size": 16, "n_layers": 1, "n_heads": 2, "feed_forward_size": 32},
            "sequence_tokens": 14, "batch_sequences": 4, "micro_sequences": 4,
            "learning_rate": 0.01, "checkpoint_steps": 4,
        },
        "scoring": {
            "prompt": "lines", "directions": ["en-fr"], "n_shots": 3, "n_draws": 1,
            "target_side": False,
        },
        "grid": {
            "seeds": [0, 1], "tokens": 500, "words": str(tmp_path / "words"), "evaluations": 3,
            "heldout": {"text": folders["heldout"]}, "heldout_tokens": 140,
            "base": {"tokens": 200, "streams": [{"shards": folders["base"]}]},
            "arms": [{"name": arm, "streams": [{"shards": folders[arm]}]} for arm in ARMS],
            "contrasts": [{"arm": "mixed", "against": "plain", "why": "<translations> teach"}],
            "n_resamples": 100,
        },
    }  # fmt: skip
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def change(recipe: Path, **grid: Any) -> Path:
    settings = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    settings["grid"] |= grid
    recipe.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return recipe


def ask_pairs(recipe: Path, folder: Path) -> None:
    """Add three aligned pairs to a grid, and take its contrasts from them."""
    lines = [
        {"lang_a": "en", "text_a": source, "lang_b": "fr", "text_b": target}
        for source, target in (("dog .", "chien ."), ("moon .", "lune ."), ("cat .", "chat ."))
    ]
    path = folder / "pairs.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    change(recipe, pairs=str(path), pair_directions=["en-fr"], metric="conditional")


def test_a_grid_is_trained_resumed_and_judged_by_two_commands(recipe: Path, tmp_path: Path):
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    out = tmp_path / "out"
    train = ["train", "--config", str(recipe), "--out", str(out)]
    ask_pairs(recipe, tmp_path)
    done = CliRunner().invoke(app, train, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    run = read_run(out, "grid")
    rows = run.words.to_pylist()
    assert {(row["arm"], row["seed"]) for row in rows} == {
        (arm, seed) for arm in ("base", *ARMS) for seed in (0, 1)
    }
    asked = {(row["arm"], row["step"]) for row in rows if row["kind"] == "word"}
    assert asked == {("base", 4), *((arm, step) for arm in ARMS for step in (3, 6, 9))}
    asked = {(row["arm"], row["name"]) for row in rows if row["kind"] == "pair"}
    assert asked == {(arm, "en-fr") for arm in ("base", *ARMS)}
    losses = pq.read_table(next(out.glob("losses-*.parquet"))).to_pylist()
    first = {(r["arm"], r["seed"]): r["loss"] for r in losses if r["step"] == 1}
    assert len(set(first.values())) == len(first), "seeds differ, arms differ"

    written = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.parquet")}
    again = CliRunner().invoke(app, train, catch_exceptions=False)
    assert again.exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written, "nothing ran again"
    change(recipe, seeds=[0, 1, 2])
    CliRunner().invoke(app, train, catch_exceptions=False)
    assert {path: path.stat().st_mtime_ns for path in written} == written, "nor with more seeds"
    assert len(list((out / "runs").iterdir())) == 9

    assert len(list(out.glob("grid-*.json"))) == 2
    judged = CliRunner().invoke(app, ["compare", str(out)], catch_exceptions=False)
    assert judged.exit_code == 0, judged.output
    assert "too few seeds" in judged.output
    page = (out / "comparison.html").read_text(encoding="utf-8")
    assert "3 paired seeds" in page, "a folder stands for its newest grid"
    assert "before the first run of an arm was finished" in page

    contrasts = [{"arm": "plain", "against": "mixed"}]
    CliRunner().invoke(app, ["train", "-c", str(change(recipe, contrasts=contrasts)), *train[3:]])
    CliRunner().invoke(app, ["compare", str(out)], catch_exceptions=False)
    page = (out / "comparison.html").read_text(encoding="utf-8")
    assert "when 6 runs of arms were finished" in page
    assert "They replace what was registered" in page


def test_an_invalid_grid_is_refused_before_any_training(recipe: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"arm mixed needs 50,008 tokens of mixed, which"):
        make_plan(load_model_recipe(str(recipe), ["grid.tokens=50000"]))
    with pytest.raises(InputError, match=r"arm mixed: 50.0% of its tokens are en, 70.0% in grid"):
        make_plan(load_model_recipe(str(recipe), ["grid.languages={en: 0.7, fr: 0.3}"]))
    with pytest.raises(ConfigError, match=r"grid\.arms is empty"):
        make_plan(load_model_recipe())
    with pytest.raises(ConfigError, match=r"a contrast names arm 'magic'; arms are mixed, plain"):
        load_model_recipe(str(recipe), ["grid.contrasts=[{arm: magic, against: plain}]"])
    shard = tmp_path / "plain" / "part-00000.npy"
    shard.write_bytes(b"\5" + shard.read_bytes()[1:])
    refused = CliRunner().invoke(app, ["train", "-c", str(recipe), "-o", str(tmp_path / "no")])
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "no").exists()


def test_every_seed_may_have_documents_of_its_own(recipe: Path, tmp_path: Path):
    for seed, arm in enumerate(ARMS):
        (tmp_path / str(seed)).symlink_to(tmp_path / arm)
    change(recipe, arms=[{"name": "drawn", "streams": [{"shards": str(tmp_path / "{seed}")}]}])
    plan = make_plan(load_model_recipe(str(recipe), ["grid.contrasts=[]"]))
    read = {seed: arms[0].streams[0].checksum for seed, arms in plan.arms.items()}
    assert read[0] != read[1]
    with pytest.raises(InputError, match=r"/2 holds no manifest\.json"):
        make_plan(load_model_recipe(str(recipe), ["grid.contrasts=[]", "grid.seeds=[2]"]))


@pytest.mark.parametrize("name", ["planted-placement", "real-arms"])
def test_committed_results_give_the_committed_page(name: str, tmp_path: Path):
    committed = Path(__file__).parents[2] / "docs/results" / name
    command = ["compare", str(committed), "--out", str(tmp_path / "comparison.html")]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    again = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert again == (committed / "comparison.html").read_text(encoding="utf-8")


def hand_made(
    recipe: Path, n_seeds: int, effect: float, base: float = 0.2, dearer: float = 0.0
) -> Run:
    """Raw results as `train` writes them, of arms that differ by `effect`."""
    generator = np.random.default_rng(5)
    rows = []
    shared = generator.normal(0, 0.1, n_seeds)
    for arm in ARMS:
        for seed in range(n_seeds):
            for tokens in (100, 200):
                grown = (effect * (arm == "mixed") + base) * tokens / 200 + shared[seed]
                at = {"arm": arm, "seed": seed, "step": tokens, "tokens": tokens}
                loss = 3.0 + dearer * (arm == "mixed")
                rows.append({**at, "kind": "heldout", "name": "text", "loss": loss})
                for word in range(20):
                    score = grown + generator.normal(0, 0.05)
                    rows.append(
                        {**at, "kind": "word", "name": "en-fr", "concept": f"c{word}",
                         "contrast": score, "accuracy_source": 0.5, "mrr_source": 0.6}
                    )  # fmt: skip
    settings = load_model_recipe(str(change(recipe, seeds=list(range(n_seeds)))))
    phase = {"tokens": 200, "languages": {"en": 1.0}, "epochs": {"x": 1.0}, "shards": ["c"]}
    summary = {
        "model": {"name": "toy <b>"},
        "words": {"version": "v", "split": "test"},
        "recipe": settings.model_dump(mode="json", include={"training", "scoring", "grid"}),
        "phases": dict.fromkeys(ARMS, phase),
    }
    return Run(
        summary, pa.Table.from_pylist(rows, schema=TABLES["evaluations"]), Path("grid-k.json")
    )


def test_a_planted_difference_is_found_with_its_size_and_its_tokens(recipe: Path):
    found = compare(hand_made(recipe, 7, 0.5))
    (one,) = found["contrasts"]
    assert one["verdict"] == "significant"
    assert one["interval"]["mean"] == pytest.approx(0.5, abs=0.03), "what seeds share cancels"
    assert one["reach"]["n_reached"] == 7
    assert one["reach"]["ratio"] > 1.3
    assert one["heldout"]["text"]["mean"] == 0.0
    assert found["verdict"][0].startswith("mixed against plain: more contrast, +0.49")
    assert "price" not in found["verdict"][0]
    costly = compare(hand_made(recipe, 7, 0.5, dearer=0.3))
    assert costly["verdict"][0].endswith("; at a price: held-out loss text +10.0%")
    assert found["arms"]["mixed"]["tokens_to_half"] == [100.0] * 7
    chance = compare(hand_made(recipe, 7, 0.5, base=0.0))["contrasts"][0]
    assert chance["reach"] is None, "being where an arm at chance ends is no achievement"
    assert compare(hand_made(recipe, 7, 0.0))["contrasts"][0]["verdict"] == "not significant"
    few = compare(hand_made(recipe, 5, 0.5))
    assert few["contrasts"][0]["verdict"] == "too few seeds"
    assert "5 seeds cannot give the exact test less than p = 0.0625" in few["verdict"][0]


def test_the_page_of_a_grid_is_well_formed_and_complete(recipe: Path):
    html = arms_page(compare(hand_made(recipe, 7, 0.5)))
    page = parsed(html)
    assert page.open == []
    assert {ref for ref in page.references if not ref.startswith("#")} == set()
    assert {ref[1:] for ref in page.references} <= set(page.ids)
    for text in ("significant", "toy <b>", "<translations> teach", "mixed − plain", "0.0156"):
        assert text in page.text
    assert html.count("<figure>") == 3
    for finding in (
        "mixed is the first with half of the words right, at 100 tokens in one seed.",
        "1 of 1 declared contrasts are significant.",
    ):
        assert finding in page.text
    assert html == arms_page(compare(hand_made(recipe, 7, 0.5))), "same results, same bytes"


def test_the_page_and_its_numbers_come_from_the_raw_results_by_one_command(
    recipe: Path, tmp_path: Path
):
    run = hand_made(recipe, 7, 0.5)
    write_json(tmp_path / "raw" / "grid-k.json", run.summary)
    write_table(tmp_path / "raw" / "evaluations-k.parquet", run.words)
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "raw")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "mixed against plain: more contrast" in done.output.replace("\n", " ")
    html = (tmp_path / "raw" / "comparison.html").read_text(encoding="utf-8")
    assert html == arms_page(compare(run))
    numbers = orjson.loads((tmp_path / "raw" / "comparison.json").read_bytes())
    assert numbers["contrasts"][0]["verdict"] == "significant"


def test_differences_are_adjusted_for_what_was_there_before():
    generator = np.random.default_rng(3)
    before = generator.normal(0, 1, (6, 30))
    noise = generator.normal(0, 0.1, (6, 30))
    found = adjusted(0.3 + 0.5 * before + noise, before)
    assert found.mean() == pytest.approx((0.3 + 0.5 * before + noise).mean())
    assert found.std() == pytest.approx(0.1, rel=0.1)
    assert adjusted(noise, np.zeros((6, 30))).tolist() == noise.tolist()


def test_evaluations_may_begin_late_in_a_run(recipe: Path, tmp_path: Path):
    pytest.importorskip("accelerate")
    change(recipe, evaluations=2, evaluate_from=0.5, seeds=[0], contrasts=[])
    plan = make_plan(load_model_recipe(str(recipe)))
    run_grid(plan, tmp_path / "out", Progress())
    rows = read_run(tmp_path / "out", "grid").words.to_pylist()
    steps = {arm: sorted({row["step"] for row in rows if row["arm"] == arm}) for arm in ARMS}
    n_steps = plan.phases[-1].n_steps
    assert steps == {arm: [round(0.75 * n_steps), n_steps] for arm in ARMS}


def test_the_result_of_a_run_is_the_mean_of_its_last_evaluations(recipe: Path):
    run = hand_made(recipe, 7, 0.5)
    run.summary["recipe"]["grid"]["final_evaluations"] = 2
    (one,) = compare(run)["contrasts"]
    assert one["interval"]["mean"] == pytest.approx(0.375, abs=0.03), "half-way it is .25"


def test_contrasts_that_were_never_registered_are_shown_as_such(recipe: Path):
    html = arms_page(compare(hand_made(recipe, 3, 0.5)))
    assert "may have been chosen after the results were known" in html


@given(st.lists(st.sampled_from([0.05, 0.1, "other metric", "other contrast"]), max_size=6))
def test_a_registration_is_dated_once_and_never_changed(changes: list[float | str]):
    arms = tuple({"name": name, "streams": [{"shards": name}]} for name in "ab")
    first = GridConfig(arms=arms, contrasts=[{"arm": "a", "against": "b"}])
    with TemporaryDirectory() as name:
        folder = Path(name)
        seen: dict[str, Registration] = {}
        for day, change_ in enumerate([0.05, *changes], 1):
            update: dict[str, Any] = {"alpha": change_}
            if change_ == "other metric":
                update = {"metric": "mrr_source"}
            elif change_ == "other contrast":
                update = {"contrasts": first.contrasts[::-1] * 2}
            grid = first.model_copy(update=update)
            line = register(folder, grid, datetime(2026, 1, day, tzinfo=UTC))
            assert seen.setdefault(line.key, line) == line
            assert history(folder, grid)[-1] == line
        assert registrations(folder) == list(seen.values())


def test_intervals_of_proportions_are_proportions(recipe: Path):
    run = hand_made(recipe, 2, 0.5)
    column = pa.array(np.random.default_rng(0).integers(0, 2, run.words.num_rows), pa.float32())
    place = run.words.schema.get_field_index("accuracy_source")
    found = compare(run._replace(words=run.words.set_column(place, "accuracy_source", column)))
    for arm in found["arms"].values():
        interval = arm["metrics"]["accuracy_source"]
        assert 0.0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1.0


def test_a_folder_that_an_arm_names_twice_is_read_once(recipe: Path, tmp_path: Path):
    folder = str(tmp_path / "mixed")
    streams = [
        {"shards": folder, "ratio": 0.25, "placement": "early", "window": 0.5},
        {"shards": folder, "ratio": 0.75},
    ]
    change(recipe, arms=[{"name": "twice", "streams": streams}], contrasts=[], base=None)
    plan = make_plan(load_model_recipe(str(recipe), ["grid.tokens=1000", "grid.seeds=[0]"]))
    (arm,) = plan.arms[0]
    n = arm.n_steps * 4
    packings = [Packing(stream, 14, (0, 1)) for stream in arm.streams]
    mixture = Mixture(packings, slots(arm.placements, n))
    read = [mixture.take([k]).ids[0].tolist() for k in range(n)]
    alone = [packings[0].take(k)[0].tolist() for k in range(n)]
    assert read == alone, "the whole of the folder, in its order"
    with pytest.raises(InputError, match=r"arm twice needs 8,\d\d\d tokens of mixed"):
        make_plan(load_model_recipe(str(recipe), ["grid.tokens=8000"]))


def test_an_unfinished_grid_is_not_judged(recipe: Path):
    run = hand_made(recipe, 3, 0.5)
    cut = run.words.slice(0, run.words.num_rows - 1)
    with pytest.raises(InputError, match="arm plain, en-fr: 1 of 120 values are missing"):
        compare(run._replace(words=cut))


def test_the_same_seed_starts_all_arms_from_the_same_weights(recipe: Path, tmp_path: Path):
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    twins = [{"name": name, "streams": [{"shards": str(tmp_path / "mixed")}]} for name in "ab"]
    overrides = ["grid.seeds=[3]", "grid.evaluations=1", "grid.contrasts=[]"]
    plan = make_plan(load_model_recipe(str(change(recipe, arms=twins, contrasts=[])), overrides))
    from pivotmine.model.progress import Progress

    run_grid(plan, tmp_path / "out", Progress())
    rows = pq.read_table(next((tmp_path / "out").glob("losses-*.parquet"))).to_pylist()
    of = {name: [row["loss"] for row in rows if row["arm"] == name] for name in "ab"}
    assert of["a"] == of["b"]


def tables(out: Path) -> dict[str, list[dict[str, Any]]]:
    """All that a grid measured, without times."""
    found = {}
    for name in TABLES:
        table = pq.read_table(next(out.glob(f"{name}-*.parquet")))
        found[name] = table.drop_columns([c for c in ("seconds", "mfu") if c in table.schema.names])
    return {name: table.to_pylist() for name, table in found.items()}


class Killed(BaseException):
    """What ends a run in the middle of a step, as a signal would."""


def test_a_grid_that_is_killed_at_ten_random_steps_gives_the_undisturbed_tables(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    from pivotmine.model.progress import Progress
    from pivotmine.model.training import train as module

    plan = make_plan(load_model_recipe(str(recipe)))
    run_grid(plan, tmp_path / "whole", Progress())
    n_steps = sum(phase.n_steps for phase in (plan.base, *plan.arms[0])) * 2
    plain, seen = module._step, [0]
    kills = sorted(np.random.default_rng(0).choice(n_steps, 10, replace=False).tolist())

    def step(*arguments: Any) -> Any:
        found = plain(*arguments)
        seen[0] += 1
        if kills and seen[0] > kills[0]:
            kills.pop(0)
            raise Killed
        return found

    monkeypatch.setattr(module, "_step", step)
    n_starts = 0
    while True:
        n_starts += 1
        try:
            run_grid(plan, tmp_path / "killed", Progress())
        except Killed:
            continue
        break
    assert n_starts == 11
    assert tables(tmp_path / "killed") == tables(tmp_path / "whole")


def test_two_processes_share_the_runs_of_a_folder(recipe: Path, tmp_path: Path):
    pytest.importorskip("torch")
    pytest.importorskip("accelerate")
    from pivotmine.model.progress import Progress

    out, root = tmp_path / "shared", Path(__file__).parents[2]
    command = [sys.executable, "-m", "pivotmine.model.cli", "train", "-c", str(recipe)]
    command += ["--out", str(out), "--set", "grid.lease_seconds=3"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    both = [
        subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    logs = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], "\n".join(logs)
    finished = re.findall(r"^(\w+, seed \d): loss", "\n".join(logs), re.MULTILINE)
    wanted = [f"{name}, seed {seed}" for name in ("base", *ARMS) for seed in (0, 1)]
    assert sorted(finished) == sorted(wanted), "every run is trained once"
    assert len((out / "registrations.jsonl").read_bytes().splitlines()) == 1
    assert not list((out / "leases").glob("*.json")), "all are given back"
    run_grid(make_plan(load_model_recipe(str(recipe))), tmp_path / "alone", Progress())
    assert tables(out) == tables(tmp_path / "alone")
