"""The page of a study."""

from matplotlib.figure import Figure

from nnjax.report.study_page import StudyPage, Table, write


def test_what_is_said_is_escaped_and_headings_span_their_rows(tmp_path):
    table = Table("Counts", ["", "a", "b"], [["Group"], ["x", "1", "–"]], ["a < b"])
    page = StudyPage("<b>T</b>", ["1 < 2"], {"f.png": 'a "caption"'}, [table], ["So & so."])
    target = write(page, {"f.png": Figure(figsize=(1, 1))}, tmp_path)
    text = target.read_text("utf-8")
    assert target == tmp_path / "study.html"
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert "<h1>&lt;b&gt;T&lt;/b&gt;</h1>" in text
    assert "1 &lt; 2" in text
    assert 'role="img" aria-label="a &quot;caption&quot;"' in text
    assert '<th scope="rowgroup" colspan="3"><strong>Group</strong></th>' in text
    assert "<tr><td>x</td><td>1</td><td>–</td></tr>" in text
    assert "So &amp; so." in text
    assert "default-src 'none'" in text
