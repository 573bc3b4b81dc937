"""Every view over a real lake: what it shows, its address, its SQL and its downloads."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pyarrow.parquet as pq
import pytest

from tests.explore.lake import N_DOCUMENTS

ADDRESSES = {
    "word": "q=fr:chat",
    "bridge": "a=fr:chat&b=zh:猫",
    "lines": "a=fr:chat&b=en:cat",
    "document": "id=0000",
    "arms": "",
    "corpus": "",
}
"""A question to each view."""


def text_of(page: str) -> str:
    """What a reader sees: without elements, scripts and the SQL."""
    shown = page[page.index("<main") : page.index('<section class="behind"')]
    shown = re.sub(r"<script.*?</script>", "", shown, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())


def get(client, view, asked=None):
    answer = client.get(f"/{view}?{ADDRESSES[view] if asked is None else asked}")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("typed", ["chat", "fr:chat", "FR: Chat", "fr：chat", '"fr:CHAT"'])
def test_a_word_is_found_however_it_is_typed(client, typed):
    page = text_of(client.get("/word", params={"q": typed}).text)
    assert re.search(r"cat\W+en", page) and "dog" in page


def test_a_composed_and_a_decomposed_word_are_one(client):
    for typed in ("école", "e\u0301cole", "ÉCOLE"):
        assert client.get("/word", params={"q": typed}).status_code == 200


def test_a_word_shows_why_a_link_prevails_or_does_not(client):
    page = text_of(get(client, "word"))
    assert "no better partner is there in 19 of 20 contexts" in page
    assert "not the best partner of either: ranks 2 and 2" in page
    assert "less than 50%" in page


def test_copies_are_hidden_until_they_are_asked_for(client):
    hidden = client.get("/word", params={"q": "en:<script>alert(1)</script>"}).text
    shown = client.get("/word", params={"q": "en:<script>alert(1)</script>", "copies": "1"}).text
    assert "Show 1 copies" in hidden and "onerror" not in text_of(hidden)
    assert "onerror" in text_of(shown)


def test_suggestions_begin_as_typed_with_any_accent_and_full_width_colon(client):
    def suggested(typed):
        return re.findall(r'data-value="([^"]+)"', client.get("/suggest", params={"q": typed}).text)

    assert suggested("ca") == ["en:cat"]
    assert suggested("ecol") == suggested("É") == suggested("fr：éc") == ["fr:école"]
    assert suggested("猫") == ["zh:猫", "ja:猫は"]
    assert suggested("zz") == suggested("") == []


def test_the_bridge_of_two_words_is_drawn_and_listed(client):
    page = get(client, "bridge")
    assert "No link joins the two. 1 word bridges them." in text_of(page)
    drawn = re.search(r'<script type="application/json" class="graph-data">(.+?)</script>', page)
    assert drawn and '"asked": "en:cat"' in drawn[1]


def test_a_direct_link_is_said(client):
    assert "The two are linked: together in 20 contexts" in text_of(
        get(client, "bridge", "a=fr:chat&b=en:cat")
    )


def test_a_language_and_a_colon_lists_what_is_reached(client):
    page = text_of(get(client, "bridge", "a=fr:chat&b=ja:"))
    assert "Words that fr:chat reaches" in page and "猫は" in page


def test_lines_mark_both_words_and_name_source_type_and_arms(client):
    page = get(client, "lines")
    assert '<mark class="word-0">chat</mark>' in page
    assert '<mark class="word-1">cat</mark>' in page
    assert "parallel" in page and re.search(r"taken by .*, links</span>", page)
    assert "taken by no arm" in get(client, "lines", "a=chat&page=2")


def test_pages_of_lines_hold_every_document_once(client):
    seen = []
    for page in (1, 2, 3):
        seen += re.findall(r"/document\?id=(\w+)", get(client, "lines", f"a=chat&page={page}"))
    assert len(seen) == len(set(seen)) == N_DOCUMENTS
    assert "Next page" not in client.get("/lines?a=chat&page=3").text


def test_a_document_shows_text_links_scores_and_arms(client):
    page = get(client, "document")
    said = text_of(page)
    assert page.count('<span class="end" data-links="0">') == 2, "both ends are marked in the text"
    assert "0% of documents" in said
    assert "it takes documents by random" in said


def test_a_document_that_an_arm_left_out_says_how_far_it_was(client):
    said = text_of(get(client, "document", "id=14"))
    assert "its score links is 0.2; the lowest one that the arm took in fr is 0.64" in said
    assert "enough for fr (0)" in said


def test_arms_stand_side_by_side(client):
    said = text_of(get(client, "arms"))
    assert "3 arms" in said and "Documents in common" in said
    assert "100%" in said


def test_the_corpus_names_pairs_that_are_only_bridged(client):
    page = get(client, "corpus")
    assert f"{N_DOCUMENTS} documents" in text_of(page)
    assert '"over zh"' not in page and '"over en"' in page


@pytest.mark.parametrize("view", ADDRESSES)
def test_the_sql_of_every_view_runs_in_the_sandbox(client, explorer, view):
    page = get(client, view)
    statements = [unescape(one) for one in re.findall(r"<pre[^>]*><code>(.*?)</code>", page, re.S)]
    assert statements
    for statement in statements:
        explorer.reader.sql(statement).to_arrow()


@pytest.mark.parametrize("view", ADDRESSES)
def test_every_table_of_a_view_can_be_downloaded_in_both_formats(client, view):
    links = {unescape(link) for link in re.findall(r'"(/download/[^"]+)"', get(client, view))}
    assert links
    for link in sorted(link for link in links if ".csv" in link):
        rows = list(csv.reader(io.StringIO(client.get(link).text)))
        table = pq.read_table(io.BytesIO(client.get(link.replace(".csv", ".parquet")).content))
        assert rows[0] == table.column_names
        assert len(rows) - 1 == table.num_rows
        assert table.num_rows or "direct" in link


def test_the_links_of_a_download_hold_what_the_page_cut(client):
    rows = list(csv.reader(io.StringIO(client.get("/download/lines/documents.csv?a=chat").text)))
    assert len(rows) == N_DOCUMENTS + 1


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/word", 200, "name a word"),
        ("/word?q=zebra", 404, "is not a single token"),
        ("/bridge?a=chat", 200, "name two words"),
        ("/bridge?a=chat&b=xx:", 404, "languages of the corpus: en, fr"),
        ("/lines?a=chat&page=0", 400, "is no whole number from 1 to 100"),
        ("/lines?a=chat&b=chat", 404, "are one word; name two"),
        ("/document?id=ffff", 404, "no document has an id"),
        ("/document?id=0", 404, "several documents begin with"),
        ("/nothing", 404, "There is no such page"),
        ("/word?q=" + "x" * 500, 400, "has 500 characters"),
    ],
)
def test_an_answer_that_is_none_says_what_to_do(client, address, status, said):
    answer = client.get(address)
    assert (answer.status_code, said in unescape(answer.text)) == (status, True), answer.text


def test_a_word_that_is_no_token_leads_to_words_that_begin_alike(client):
    assert "fr%3Achat" in client.get("/word?q=cha").text


def test_the_start_leads_to_the_corpus(client):
    assert "Corpus" in client.get("/").text
