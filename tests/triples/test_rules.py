import time

import pytest

pytest.importorskip("jieba", reason="needs the extra classic")

from tuwen.triples.base import Triple
from tuwen.triples.rules import Rules

RULES = Rules()


def found(text):
    (triples,) = RULES.extract([text])
    return triples


@pytest.mark.parametrize(
    ("text", "triple"),
    [
        ("法国军方承认误杀四名阿富汗平民", ("法国军方", "承认误杀", "四名阿富汗平民")),
        ("警方把嫌犯押回上海", ("警方", "押回", "嫌犯")),
        ("嫌犯被加拿大警方逮捕", ("加拿大警方", "逮捕", "嫌犯")),
        ("乌兰大南湾墓地出土的拜占庭金币", ("乌兰大南湾墓地", "出土", "拜占庭金币")),
        ("任正非的女儿孟晚舟出席会议", ("任正非", "女儿", "孟晚舟")),
        ("横店集团董事长徐永安当选会长", ("横店集团", "董事长", "徐永安")),
        ("育碧向正版用户致歉", ("育碧", "致歉", "正版用户")),
        ("马英九：台湾经济不可能完全不依赖大陆", ("台湾经济", "不可能依赖", "大陆")),
        ("财政部：防范信贷风险", ("财政部", "防范", "信贷风险")),
        ("党员志愿者帮果农采摘葡萄", ("果农", "采摘", "葡萄")),
        ("姜静，毕业于辽宁师范大学物理系", ("姜静", "毕业于", "辽宁师范大学物理系")),
        ("《绝地逢生》登陆央一", ("绝地逢生", "登陆", "央一")),
        ("《西洋医学史》是东方出版社出版的图书，作者是丁福保", ("西洋医学史", "作者", "丁福保")),
        ("《爱他一生》是一首华语歌曲，由陈乐融作词", ("陈乐融", "作词", "爱他一生")),
        ("冯小刚执导，葛优主演的电影《非诚勿扰》上映", ("冯小刚", "执导", "非诚勿扰")),
        ("必杀技 演唱：古巨基", ("古巨基", "演唱", "必杀技")),
        ("基金开户数增长24%", ("基金开户数", "增长", "24%")),
        ("券商蕴含反弹机会", ("券商", "蕴含", "反弹机会")),
        ("引起社会各界关注", ("", "引起", "社会各界关注")),
        ("郝永光，陈虹的丈夫", ("陈虹", "丈夫", "郝永光")),
        ("杨忠的儿子是杨坚", ("杨忠", "儿子", "杨坚")),
        ("刘备住在荆州，其父是刘弘", ("刘备", "父亲", "刘弘")),
        ("雷军在2013年成立北京小米支付技术有限公司", ("北京小米支付技术有限公司", "成立", "2013年")),
        ("老师批准在公园建立基地", ("老师", "建立", "基地")),
    ],
)
def test_who_does_what_to_whom(text, triple):
    assert Triple(*triple) in found(text)


def test_a_second_clause_goes_on_with_the_subject_of_the_first():
    assert found("花都联手阿里巴巴 打造电子商务平台") == [
        Triple("花都", "联手", "阿里巴巴"),
        Triple("花都", "打造", "电子商务平台"),
    ]


def test_members_of_a_list_get_a_triple_each():
    assert {t.subject for t in found("葛优、舒淇主演的电影《非诚勿扰》")} == {"葛优", "舒淇"}
    assert {t.object for t in found("导演张建栋执导《刑警本色》《我们生活的年代》")} >= {
        "刑警本色", "我们生活的年代"
    }  # fmt: skip


def test_asides_and_counts_say_nothing():
    assert found("儿童带走人民币(组图)") == found("4、儿童带走人民币") == [Triple("儿童", "带走", "人民币")]


def test_a_missing_object_makes_a_triple_that_is_not_complete_and_comes_last():
    triples = found("央视大楼倒塌 警方封锁道路")
    assert triples == [Triple("警方", "封锁", "道路"), Triple("央视大楼", "倒塌", "")]
    assert [triple.complete for triple in triples] == [True, False]


def test_an_object_that_is_done_to_without_a_doer_is_the_subject():
    assert found("女子被判死缓") == [Triple("女子", "被判", "死缓")]
    assert Triple("嫌犯", "被逮捕", "") in found("嫌犯被逮捕")


def test_a_title_of_one_thing_and_its_owner_is_told_last_of_all():
    assert found("牛恋塘浅滩上的牛群") == [Triple("牛恋塘浅滩上", "的", "牛群")]


def test_names_of_people_and_of_works_stay_whole():
    assert found("奥马尔·沙里夫访问北京") == [Triple("奥马尔·沙里夫", "访问", "北京")]
    assert found("《来自 火星，的你》登陆北京")[0].subject == "来自 火星，的你"


def test_names_that_are_given_stay_whole():
    text = "大兴金地仰山发布新房"
    assert (
        found(text) != Rules(["大兴金地仰山"]).extract([text])[0] == [Triple("大兴金地仰山", "发布", "新房")]
    )
    assert Rules(["", " "]).extract(["警方封锁道路"]) == [found("警方封锁道路")]


@pytest.mark.parametrize(
    "text", ["", " ", "，。！", "The cat sat on the mat", "2010", "猫", "😀", "\u2028", "的的的被把"]
)
def test_what_says_nothing_has_no_triple(text):
    assert found(text) == []


def test_odd_texts_end():
    for text in (
        "《" * 50,
        "被" * 300,
        "(" * 40 + "警方封锁道路",
        "\ud800警方封锁道路",
        "、".join("甲乙丙丁" * 200),
    ):
        assert all(len(triple) == 3 for triple in found(text))


@pytest.mark.parametrize(
    "text", ["、".join(["甲"] * 5000), "，".join(["甲"] * 5000), "（" * 5000, "警方封锁道路" * 2000]
)
def test_time_grows_with_the_length_and_no_faster(text):
    start = time.process_time()
    RULES.extract([text])
    assert time.process_time() - start < 2  # with the square it would be a minute


def test_each_text_has_its_own_triples_in_any_batch():
    texts = ["警方封锁道路", "cat", "女子被判死缓"]
    assert RULES.extract(texts) == [found(text) for text in texts]
    assert RULES.extract([]) == []


def test_names_change_the_fingerprint_and_their_order_does_not():
    assert Rules().fingerprint == Rules().fingerprint != Rules(["甲"]).fingerprint
    assert Rules(["甲", "乙丙"]).fingerprint == Rules(["乙丙", "甲", "甲"]).fingerprint
