"""Pages that stand alone: escaped, in both languages, with a policy that allows just what is in them."""

import re

import pytest

from tuwen.markup import LOOKS, digest, escape, framed, in_both


def policy_of(page):
    """The content security policy of a page, by directive."""
    written = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in written.split(";"))}


def test_text_is_never_markup():
    assert escape('<b a="1">\x00&') == "&lt;b a=&quot;1&quot;&gt;\ufffd&amp;"


def test_a_sentence_is_there_in_both_languages_once_where_they_agree():
    assert in_both("tuwen", "tuwen") == "tuwen"
    assert in_both("a < b", "甲") == (
        '<span class="en" lang="en">a &lt; b</span><span class="zh" lang="zh-CN">甲</span>'
    )


def test_styles_and_scripts_are_allowed_by_their_hashes():
    page = framed("<p>x</p>", title="t", footer="", style="p { margin: 0 }", script="let a = 1 < 2;")
    policy = policy_of(page)
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == digest(LOOKS + "p { margin: 0 }")
    assert policy["script-src"] == digest("let a = 1 < 2;")
    assert f"<style>{LOOKS}p {{ margin: 0 }}</style>" in page and "<script>let a = 1 < 2;</script>" in page


def test_nothing_runs_unless_there_is_a_script():
    page = framed("", title="t", footer="")
    assert "script-src" not in policy_of(page) and "<script" not in page


def test_drawings_need_styles_of_their_own():
    assert policy_of(framed("", title="t", footer="", drawings=True))["style-src"] == "'unsafe-inline'"


@pytest.mark.parametrize(("language", "lang"), [("en", "en"), ("zh", "zh-CN")])
def test_one_language_is_shown_first(language, lang):
    page = framed("", title="<t>", footer="", language=language)
    assert f'<html lang="{lang}">' in page
    assert re.findall(r'id="(\w+)" checked', page) == [language]
    assert "<title>&lt;t&gt;</title>" in page and "<h1>&lt;t&gt;</h1>" in page
