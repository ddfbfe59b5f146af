"""The page for those who do not see it or use no mouse: rules that a program can check, and keys alone."""

import pytest

VIEWS = {
    "search": "#search?c=tiny&q=red",
    "item": "#search?c=tiny&q=a+red+picture&item=image:red-0",
    "compare": "#compare?c=tiny&q=red",
    "match": "#match?c=tiny",
    "illustrate": "#illustrate?c=tiny&lines=red",
    "review": "#review?c=tiny",
    "collection": "#collection?c=tiny",
}


def ready(page, view):
    """Wait until a view shows what it has, and open what can be opened."""
    if view == "match":
        page.locator("#match-lines").fill("red\nblue")
        page.locator("#match-pairs").select_option("optimal")
        page.locator("#match-ask [type=submit]").click()
    places = {
        "search": ".score", "item": "#item .strip", "compare": ".ranking .open", "match": ".match .own",
        "illustrate": ".headline .open", "review": "#review-counts:not(:empty)",
        "collection": ".plane circle",
    }  # fmt: skip
    page.locator(places[view]).first.wait_for(timeout=20_000)
    if view == "item":
        page.locator("#item summary").click()
    if view == "search":
        page.locator("summary").click()
        page.locator("[data-pick]").first.check()


@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
@pytest.mark.parametrize("view", VIEWS)
def test_no_rule_of_accessibility_is_broken(look, view, locale, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    page = look(VIEWS[view], locale=locale)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ready(page, view)
    broken = axe.Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in broken] == []


@pytest.mark.parametrize("view", VIEWS)
def test_what_has_the_focus_is_seen_and_has_a_name(look, view):
    """Tab goes through a whole view: nothing without a name, nothing unseen, and no way stuck."""
    page = look(VIEWS[view])
    ready(page, view)
    page.evaluate("document.activeElement.blur()")
    script = """() => {
        const e = document.activeElement;
        if (e === document.body) return null;
        const box = e.getBoundingClientRect();
        const labels = [...(e.labels ?? [])].map(each => each.textContent).join(" ");
        const name = e.getAttribute("aria-label") || labels || e.textContent || e.title;
        const chooses = e.type === "file" ? e.closest("label").getBoundingClientRect().width : 0;
        return [name.trim(), Math.max(box.width, chooses) > 5, e.outerHTML.slice(0, 80)];
    }"""
    met = []
    for _ in range(150):
        page.keyboard.press("Tab")
        here = page.evaluate(script)
        if here is None:
            break
        met.append(here)
    assert len(met) > 8
    assert [html for name, seen, html in met if not name or not seen] == []
