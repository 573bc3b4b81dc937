"""Secrets never reach tables, manifests, logs or errors: one is planted, and all is searched."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pyarrow.parquet as pq
import pytest
from fsspec import AbstractFileSystem
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError, LakeError
from pivotmine.lake.lake import Lake
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.redaction import is_secret_name, public_uri, redact, redact_text
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.listing import list_splits
from pivotmine.stages.ingest.files import as_table, list_sources
from pivotmine.stages.road import ROAD
from pivotmine.stages.shard.manifest import write_manifests
from tests.handmade import cli
from tests.lake.small_runs import run

SECRET = "hush9planted"
CATALOG = {
    "type": "rest",
    "uri": f"http://ann:{SECRET}@127.0.0.1:9/catalog?token={SECRET}",
    "token": SECRET,
    "credential": f"ann:{SECRET}",
    "s3.secret-access-key": SECRET,
    "password": SECRET,
}


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("http://ann:x@host/a", "http://host/a"),
        ("http://ann@host/a", "http://host/a"),
        ("s3://key:a/b+c@bucket/k", "s3://key:a/b+c@bucket/k"),  # no URI: `/` ends the host
        ("postgresql+psycopg2://u:p@w@host:5/db", "postgresql+psycopg2://host:5/db"),
        ("abfss://box@account.net/a", "abfss://box@account.net/a"),
        ("abfss://box:x@account.net/a", "abfss://box@account.net/a"),
        ("https://h/a?sig=x&se=1", "https://h/a?sig=***&se=1"),
        (
            "https://h/a?X-Amz-Signature=x&X-Amz-Date=1",
            "https://h/a?X-Amz-Signature=***&X-Amz-Date=1",
        ),
        ("https://h/a?page=2&n_tokens=5", "https://h/a?page=2&n_tokens=5"),
        ("file:///a/b@c/d.jsonl", "file:///a/b@c/d.jsonl"),
        ("cannot list http://a:x@h: see http://h/b", "cannot list http://h: see http://h/b"),
        ("ann@example.org, no URI", "ann@example.org, no URI"),
        ("/a/b?token=1", "/a/b?token=1"),
    ],
)
def test_secrets_are_told_by_their_place(text: str, public: str):
    assert redact_text(text) == public
    assert public_uri(public) == public


@given(st.text())
def test_text_without_uris_stays_as_it_is(text: str):
    assert redact_text(text.replace("://", "")) == text.replace("://", "")


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        *((name, True) for name in ("token", "s3.secret-access-key", "sas-token", "passWord")),
        *((name, True) for name in ("AWSAccessKeyId", "fs.azure.account.key.x", "X-Amz-Signature")),
        *((name, False) for name in ("type", "uri", "n_tokens", "tokenize", "design", "monkey")),
    ],
)
def test_settings_are_told_by_their_names(name: str, is_secret: bool):
    assert is_secret_name(name) == is_secret


def test_the_default_recipe_has_no_secrets_to_hide():
    recipe = Recipe()
    assert recipe.public_json() == recipe.model_dump(mode="json")
    assert recipe.lake.public_json()["catalog"] == {}


def planted_recipe() -> Recipe:
    return Recipe.model_validate(
        {
            "lake": {"warehouse": "s3://bucket/lake", "catalog": CATALOG},
            "spark": {"conf": {"spark.hadoop.fs.s3a.secret.key": SECRET, "spark.ui": "off"}},
            "ingest": {
                "inputs": [{"uris": [f"http://ann:{SECRET}@host/a.jsonl?sig={SECRET}"]}],
            },
        }
    )


def test_what_runs_and_manifests_keep_of_a_recipe_has_no_secrets():
    recipe = planted_recipe()
    kept = recipe.public_json()
    assert SECRET not in json.dumps(kept)
    assert kept["lake"]["catalog"].keys() == CATALOG.keys()
    assert kept["spark"]["conf"]["spark.ui"] == "off"
    for stage in ROAD:
        assert SECRET not in json.dumps(recipe.section_json(stage.sections))


def test_the_printed_configuration_has_no_secrets():
    settings = [f"lake.catalog={json.dumps(CATALOG)}", f"spark.conf={{x.password: {SECRET}}}"]
    shown = cli("config", "--set", settings[0], "--set", settings[1])
    assert shown.status == 0
    assert SECRET not in shown.out
    assert "s3.secret-access-key: '***'" in shown.out


def test_a_manifest_has_no_secrets(tmp_path: Path):
    tokenizer = {"vocab_size": 9, "eos_token_id": 1, "kind": "sentencepiece", "model": b""}
    row = {"run_id": "r", "fingerprint": "f", "version": "0", "inputs": {}}
    recipe = planted_recipe().public_json()
    (path,) = write_manifests(
        str(tmp_path), row, recipe, {**tokenizer, "tokenizer_id": "t"}, {"arm": {}}, []
    )
    assert SECRET not in Path(path).read_text()


def test_an_unreachable_catalog_is_one_line_without_secrets(recwarn: pytest.WarningsRecorder):
    catalog = {name: value for name, value in CATALOG.items() if not name.startswith("s3.")}
    settings = ("--set", f"lake.catalog={json.dumps(catalog)}")
    said = cli("tables", "--set", "lake.warehouse=s3://bucket/lake", *settings)
    assert said.status == 2
    assert said.err.startswith("error: the catalog cannot be opened")
    assert said.err.count("\n") == 1
    assert "127.0.0.1" in said.err
    assert SECRET not in said.err + said.out + str([str(one.message) for one in recwarn])


def test_a_key_of_a_store_among_those_of_the_catalog_is_named_without_its_value():
    settings = ("--set", f"lake.catalog={json.dumps(CATALOG)}")
    said = cli("tables", "--set", "lake.warehouse=s3://bucket/lake", *settings)
    assert said.status == 2
    assert said.err.startswith("error: lake.catalog holds s3.secret-access-key")
    assert said.err.count("\n") == 1
    assert SECRET not in said.err + said.out


def test_an_unreachable_database_is_one_line_without_secrets():
    catalog = {"type": "sql", "uri": f"postgresql+psycopg2://ann:{SECRET}@127.0.0.1:9/db"}
    recipe = Recipe.model_validate({"lake": {"warehouse": "s3://bucket/lake", "catalog": catalog}})
    with pytest.raises(LakeError) as told:
        Lake(recipe.lake, read_only=True)
    assert SECRET not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "setting", [f"lake.catalog={{token: [{SECRET}]}}", f"spark.conf={{x.password: [{SECRET}]}}"]
)
def test_a_wrong_setting_does_not_show_its_secret(setting: str):
    with pytest.raises(ConfigError) as told:
        load_recipe(None, [setting])
    assert SECRET not in str(told.value)


def test_errors_never_show_the_secrets_of_a_uri():
    assert SECRET not in str(InputError(f"http://ann:{SECRET}@host/a: cannot list it"))


class SignedStore(AbstractFileSystem):
    """Files whose addresses hold user and password, as those of HTTP may."""

    protocol = "signed"
    files: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path

    def unstrip_protocol(self, name: str) -> str:
        return name

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        if path not in self.files:
            raise FileNotFoundError(path)
        return {"name": path, "size": len(self.files[path]), "type": "file", "mtime": 1}

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> io.BytesIO:
        self.info(path)
        return io.BytesIO(self.files[path])


@pytest.fixture
def signed_uri() -> str:
    fsspec.register_implementation("signed", SignedStore, clobber=True)
    uri = f"signed://ann:{SECRET}@host/a.jsonl"
    SignedStore.files[uri] = b'{"text": "A line."}\n{"title": "none"}\nbroken\n'
    return uri


def test_the_place_of_a_record_has_no_secrets_and_is_read_with_them(signed_uri: str):
    rows = [
        row
        for split in list_splits([signed_uri], "auto", 1 << 20, 0)
        for batch in read_split(split, ColumnMap(), ReadLimits())
        for row in batch.to_pylist()
    ]
    assert [row["kind"] for row in rows] == ["document", "reject", "reject", "split"]
    assert {row["uri"] for row in rows} == {"signed://host/a.jsonl"}
    recipe = Recipe.model_validate({"ingest": {"inputs": [{"uris": [signed_uri]}]}})
    listed = as_table(list_sources(recipe))
    assert listed["uri"].to_pylist() == ["signed://host/a.jsonl"]
    assert SECRET not in str(rows) + str(listed.to_pylist())


def test_a_file_that_cannot_be_read_is_rejected_without_secrets(signed_uri: str):
    (split,) = list_splits([signed_uri], "auto", 1 << 20, 0)
    SignedStore.files.clear()
    rows = [
        row for batch in read_split(split, ColumnMap(), ReadLimits()) for row in batch.to_pylist()
    ]
    assert rows[0]["reason"] == "unreadable_file"
    assert SECRET not in str(rows)


def test_a_run_writes_no_secret_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    uri = f"sqlite:///{tmp_path}/catalog.db"
    recipe = planted_recipe().model_copy(
        update={
            "lake": Recipe.model_validate(
                {
                    "lake": {
                        "warehouse": str(tmp_path / "lake"),
                        "catalog": {"type": "sql", "uri": uri, "password": SECRET},
                    }
                }
            ).lake
        }
    )
    run(recipe, 3, sections=("lake", "spark", "ingest"))
    (row,) = Lake(recipe.lake, read_only=True).runs().to_pylist()
    assert json.loads(row["config"])["lake"]["catalog"]["password"] == "***"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path
    for path in tmp_path.rglob("runs/data/*.parquet"):
        assert SECRET not in str(pq.read_table(path).to_pylist())
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err


def test_redacted_values_keep_their_shape():
    assert redact({"a": ["http://u:p@h/x", 1, None], "b": {"c": 2.5}}) == {
        "a": ["http://h/x", 1, None],
        "b": {"c": 2.5},
    }
