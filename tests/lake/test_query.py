"""Words and SQL: questions to a lake made by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pivotmine.ask.reader import LakeReader
from pivotmine.errors import LakeError
from pivotmine.lake.addresses import local_path
from pivotmine.lake.query import connect, find_word, run_sql, tables_named
from pivotmine.lake.tables import TABLES
from tests.handmade import cli, link, make_lake, put, settings, word

CHAT, CHAT_CAPITAL, CAT, CAT_ZH, CAT_JA, GATTO, TALK, EAU, UNUSED, ROOF, FELINE = range(11)

VOCABULARY = [
    word(CHAT, "▁chat", "en", "fr", n=50),
    word(CHAT_CAPITAL, "Chat", "fr", n=5),
    word(CAT, "▁cat", "en"),
    word(CAT_ZH, "猫", "ja", "zh"),
    word(CAT_JA, "▁ネコ", "ja"),
    word(GATTO, "ĠÉtoile", "fr"),
    word(TALK, "▁会話", "ja"),
    word(EAU, "▁château", "fr"),
    word(UNUSED, "▁ghost", "en", n=0),
    word(ROOF, "▁roof", "en"),
    word(FELINE, "▁feline", "en"),
]

LINKS = [link(CAT, "en", CHAT, "fr", 0.9)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("query") / "lake"
    return make_lake(folder, vocabulary=VOCABULARY, links=LINKS)


@pytest.fixture(scope="module")
def connection(lake) -> duckdb.DuckDBPyConnection:
    return connect(lake)


# ---- words


def test_a_word_is_every_spelling_of_it_the_most_frequent_first(connection):
    found = find_word(connection, "chat")
    assert found.tokens == ("▁chat", "Chat")
    assert found.token_ids == (CHAT, CHAT_CAPITAL)
    assert found.langs == (("en", "fr"), ("fr",))


@pytest.mark.parametrize("spelling", ["chat", "CHAT", "Chat", "▁chat", "Ġchat", "▁Chat"])
def test_case_and_marks_of_word_starts_make_no_difference(connection, spelling: str):
    assert find_word(connection, spelling).token_ids == (CHAT, CHAT_CAPITAL)


def test_marks_of_both_families_of_tokenizers_are_known(connection):
    assert find_word(connection, "étoile").token_ids == (GATTO,)


def test_a_word_may_name_its_language(connection):
    assert find_word(connection, "fr:chat").token_ids == (CHAT, CHAT_CAPITAL)
    assert find_word(connection, "en:chat").token_ids == (CHAT,)
    assert find_word(connection, "en:chat").lang == "en"
    assert find_word(connection, "zh:猫").word == "猫"


def test_a_word_of_another_language_is_refused_with_its_name(connection):
    with pytest.raises(LakeError, match=r"'chat' is not a single token of language zh"):
        find_word(connection, "zh:chat")


def test_tokens_that_contain_a_word_do_not_match_it_but_are_listed(connection):
    with pytest.raises(LakeError, match=r"contain it: ▁château\.") as refused:
        find_word(connection, "hâte")
    assert "'hâte' is not a single token" in str(refused.value)


def test_a_token_that_never_occurs_is_no_word(connection):
    with pytest.raises(LakeError, match="'ghost' is not a single token"):
        find_word(connection, "ghost")


def test_sql_syntax_in_a_word_is_only_text(connection):
    for odd in ("'; DROP TABLE links; --", "%", "_", "$word", "c_at"):
        with pytest.raises(LakeError, match="is not a single token"):
            find_word(connection, odd)


# ---- SQL


def test_rows_come_with_the_names_of_their_columns(connection):
    heads, rows = run_sql(connection, "SELECT token_id AS id, token FROM vocabulary WHERE id < 2")
    assert (heads, list(rows)) == (["id", "token"], [(0, "▁chat"), (1, "Chat")])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM nowhere",
        "SELECT nothing FROM links",
        "SELEC 1",
        "SELECT CAST(CASE n WHEN 90000 THEN 'x' ELSE '1' END AS INT) FROM range(100000) t(n)",
    ],
    ids=["table", "column", "syntax", "far down"],
)
def test_a_refused_statement_is_explained_with_a_list_of_tables(connection, sql: str):
    with pytest.raises(LakeError, match=r"Tables: inputs, documents, .*, runs"):
        list(run_sql(connection, sql)[1])


@pytest.mark.parametrize("sql", ["", "  \n", "-- nothing"])
def test_an_empty_statement_is_refused(connection, sql: str):
    with pytest.raises(LakeError, match="holds no SQL statement"):
        run_sql(connection, sql)


def test_a_table_whose_file_is_missing_is_named(tmp_path: Path):
    lake = make_lake(tmp_path / "lake", vocabulary=VOCABULARY, links=LINKS)
    put(lake, pivots=[{"method": "links"}])
    (path,) = lake.files("links")
    Path(path.removeprefix("file://")).unlink()
    with pytest.raises(LakeError, match="files of table links cannot be read"):
        connect(lake)


# ---- which tables a statement needs


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", []),
        ("SELECT * FROM links l JOIN vocabulary v ON a = token_id", ["vocabulary", "links"]),
        ('FROM "Links"', ["links"]),
        ("SELECT 'my links are here'", ["links"]),
        ("SELECT n_docs FROM term_counts", ["term_counts"]),
    ],
)
def test_only_tables_that_a_statement_names_are_opened(sql: str, tables: list[str]):
    assert tables_named(sql) == tables


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "SELECT * FROM duckdb_views()", "PRAGMA show_tables"]
)
def test_a_statement_about_the_catalog_opens_all_tables(sql: str):
    assert tables_named(sql) == list(TABLES)


def test_a_connection_has_only_the_tables_named(lake):
    connection = connect(lake, tables=["links"])
    assert connection.execute("SELECT count(*) FROM links").fetchall() == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT count(*) FROM vocabulary")


# ---- the sandbox


QUESTIONS = [
    "SELECT count(*) FROM links",
    "SELECT count(*) FROM pivots",
    "FROM links SELECT token_a",
    "DESCRIBE links",
    "SHOW TABLES",
    "SUMMARIZE links",
    "EXPLAIN SELECT * FROM links",
    "EXPLAIN ANALYZE SELECT * FROM links",
    "WITH few AS (SELECT * FROM links) SELECT * FROM few",
    "PIVOT links ON lang_a USING count(*)",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'links'",
]

OTHER_STATEMENTS = [
    "SELECT * FROM read_text('{other}')",
    "SELECT * FROM read_csv('{other}')",
    "SELECT * FROM '{other}'",
    "SELECT * FROM glob('{folder}/*')",
    "COPY links TO '{folder}/new.csv'",
    "COPY links TO '{file}' (USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY links TO '{file}' (USE_TMP_FILE false)",
    "/**/ EXPLAIN ANALYZE COPY links TO '{file}' (USE_TMP_FILE false)",
    "COPY (PIVOT links ON lang_a USING count(*)) TO '{file}' (USE_TMP_FILE false)",
    "SELECT 1; COPY links TO '{file}' (USE_TMP_FILE false)",
    "EXPORT DATABASE '{folder}/dump'",
    "ATTACH '{folder}/new.db' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "PRAGMA enable_external_access = true",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET allowed_paths",
    "CREATE TABLE mine AS SELECT 1",
    "CALL pragma_version()",
    "SELECT * FROM sniff_csv('{other}')",
    "SELECT * FROM read_blob('/proc/self/environ')",
]


@pytest.mark.parametrize("sql", QUESTIONS)
def test_a_query_reads_the_tables_of_the_lake(lake, sql: str):
    LakeReader(lake).sql(sql).stream()
    assert LakeReader(lake).sql(sql).to_arrow().num_columns > 0


@pytest.mark.parametrize("sql", OTHER_STATEMENTS)
def test_a_query_does_nothing_else(lake, tmp_path: Path, sql: str):
    other = tmp_path / "other.txt"
    other.write_text("planted\n")
    (file,) = lake.files("links")
    before = Path(local_path(file)).read_bytes()
    places = {"other": other, "folder": tmp_path, "file": local_path(file)}
    with pytest.raises(LakeError) as refused:
        list(LakeReader(lake).sql(sql.format(**places)).stream()[1])
    assert "planted" not in str(refused.value)
    assert Path(local_path(file)).read_bytes() == before
    assert list(tmp_path.iterdir()) == [other]


def test_the_sandbox_says_how_it_is_opened(lake, tmp_path: Path):
    (tmp_path / "other.txt").write_text("planted")
    ask = ("query", f"SELECT content FROM read_text('{tmp_path}/other.txt')", *settings(lake))
    refused = cli(*ask)
    assert refused.status == 2
    assert "--no-sandbox" in refused.err
    assert "planted" in cli(*ask, "--no-sandbox").out
    refused = cli("query", f"COPY links TO '{tmp_path}/new.csv'", *settings(lake))
    assert refused.status == 2
    assert "COPY is refused" in refused.err
    assert cli("query", f"COPY links TO '{tmp_path}/new.csv'", *settings(lake), "--no-sandbox")
    assert (tmp_path / "new.csv").exists()


def test_frames_of_python_are_not_seen(lake):
    frame = pa.table({"planted": [1]})
    assert frame.num_rows == 1
    with pytest.raises(LakeError, match="frame does not exist"):
        LakeReader(lake).sql("SELECT * FROM frame").to_arrow()
