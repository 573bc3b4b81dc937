"""What a user installs: one name, the recipes, and commands that no file of theirs can break.

The wheel goes into a fresh environment that borrows its dependencies from this one by a `.pth`
file, since installing Spark again would take minutes; `.ci/run` resolves the dependencies.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from itertools import product
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DOWNLOADS = ROOT / ".pivotmine" / "demo" / "downloads"
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
DECOYS = ("model", "udfs", "jobs", "conf", "bench", "tests", "text", "numeric", "stages", "recipe")
SMALL = (
    "ingest.inputs=[{uris: [.pivotmine/demo/corpus/catalogues.jsonl.gz], source_column: source}]",
    *("tokenize.vocab_size=6000", "tokenize.sample_bytes=1000000", "select.budget_tokens=100000"),
    *("spark.driver_memory=1g", "spark.shuffle_partitions=2"),
)
"""A sixth of the demo, which takes half a minute."""

SUBJECTS = {"cat": "chat", "dog": "chien", "horse": "cheval", "neighbour": "voisin"}
VERBS = {"sleeps": "dort", "waits": "attend", "works": "travaille", "sings": "chante"}
PLACES = {"garden": "jardin", "kitchen": "cuisine", "market": "marché", "forest": "forêt"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with an sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, folder / "tree", symlinks=True, ignore=NOT_SOURCE)
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"))
    done = subprocess.run([*build, "tree"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `pivotmine` of a fresh environment that holds the wheel."""
    home = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"))
    install = ("install", "--quiet", "--no-deps", "--no-index", str(wheel))
    subprocess.run([*pip, *install], check=True, env=without_ours())
    (site,) = home.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "pivotmine"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder, in which files have the names of our own folders."""
    for name in DECOYS:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('{name}.py was imported')\n")
    return tmp_path


def without_ours() -> dict[str, str]:
    """The environment without what could lead Python back to this checkout."""
    ours = ("PYTHONPATH", "PIVOTMINE_CONFIG", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")
    return {name: value for name, value in os.environ.items() if name not in ours}


def ran(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *arguments], cwd=folder, env=without_ours(), capture_output=True, text=True
    )


def said(program: Path, folder: Path, *arguments: str) -> str:
    """Standard output of a command, which must succeed."""
    done = ran(program, folder, *arguments)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def wheel_files(wheel: Path) -> Mapping[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_wheel_claims_no_name_but_its_own(wheel: Path):
    files = wheel_files(wheel)
    assert {name.split("/")[0].split("-")[0] for name in files} == {"pivotmine"}
    (names,) = (text for name, text in files.items() if name.endswith("/top_level.txt"))
    assert names.decode().split() == ["pivotmine"]


def test_a_wheel_built_from_the_sdist_holds_the_package_as_it_is(wheel: Path):
    package = ROOT / "pivotmine"
    links = [path for path in package.iterdir() if path.is_symlink()]
    modules = [path for folder in (package, *links) for path in folder.rglob("*.py")]
    patterns = ["py.typed", "*/*.properties", "conf/*.yaml", "show/look/*.[chj]*"]
    patterns += ["explore/templates/*", "explore/static/**/*"]
    data = [path for pattern in patterns for path in package.glob(pattern) if path.is_file()]
    expected = {
        f"pivotmine/{path.relative_to(package)}": path.read_bytes() for path in [*modules, *data]
    }
    packaged = {n: text for n, text in wheel_files(wheel).items() if ".dist-info/" not in n}
    assert set(packaged) == set(expected)
    assert [name for name, text in expected.items() if packaged[name] != text] == []


def test_an_sdist_holds_no_part_of_the_tests(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/")[1] for name in archive.getnames() if name.count("/") > 1}
    assert names == {"pivotmine", "pivotmine.egg-info"}


def test_every_extra_that_a_message_or_a_page_names_exists(wheel: Path):
    (text,) = (t for name, t in wheel_files(wheel).items() if name.endswith("/METADATA"))
    extras = set(Parser().parsestr(text.decode()).get_all("Provides-Extra", []))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    folders = ("pivotmine", "udfs", "model")
    sources = [path for folder in folders for path in ROOT.glob(f"{folder}/**/*.py")]
    texts = (path.read_text(encoding="utf-8") for path in (*pages, *sources))
    naming = re.compile(r"""(?:'\.\[|require\(.*extra=")(\w+)""")
    named = {name for text in texts for name in naming.findall(text)}
    assert named <= extras
    assert len(named) > 2


def test_a_missing_recipe_is_said_before_anything_is_downloaded(program: Path, folder: Path):
    done = ran(program, folder, "demo", "--config", "nowhere.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "recipe not found: nowhere.yaml" in done.stderr
    assert not (folder / ".pivotmine").exists()


@pytest.mark.skipif(DOWNLOADS.exists(), reason="the demo is run instead")
def test_an_installed_pivotmine_mines_a_corpus_beside_files_of_the_same_names(
    program: Path, folder: Path
):
    (folder / "corpus").mkdir()
    documents = [
        {"text": f"The {a} {b} in the {c} of house {n}.\nLe {d} {e} dans le {f} de la maison {n}."}
        for n in range(6)
        for (a, d), (b, e), (c, f) in product(SUBJECTS.items(), VERBS.items(), PLACES.items())
    ]
    lines = "".join(json.dumps(document) + "\n" for document in documents)
    (folder / "corpus" / "part.jsonl").write_text(lines, encoding="utf-8")
    recipe = {
        "languages": ["en", "fr"],
        "lake": {"warehouse": "lake"},
        "ingest": {"inputs": [{"uris": ["corpus"]}]},
        "tokenize": {"vocab_size": 360},
        "count": {"min_count": 2},
        "select": {"budget_tokens": 1000},
        "spark": {"driver_memory": "1g", "shuffle_partitions": 2},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    said(program, folder, "run", "--config", "recipe.yaml")
    counted = said(
        program,
        folder,
        *("query", "--config", "recipe.yaml", "--format", "csv"),
        "SELECT count(DISTINCT stage) AS stages FROM runs",
    )
    assert counted.split() == ["stages", "13"]


@pytest.mark.skipif(not DOWNLOADS.exists(), reason="needs the archives of `make demo`")
def test_an_installed_pivotmine_runs_the_demo_beside_files_of_the_same_names(
    program: Path, folder: Path
):
    (folder / ".pivotmine" / "demo").mkdir(parents=True)
    (folder / ".pivotmine" / "demo" / "downloads").symlink_to(DOWNLOADS)
    settings = [part for setting in SMALL for part in ("--set", setting)]
    printed = said(program, folder, "demo", *settings)
    assert "shard" in printed and "Ask more" in printed
