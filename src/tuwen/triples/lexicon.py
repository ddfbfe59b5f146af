"""Chinese words that the rules know by themselves: what no tag tells."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: What people are to a body, a work or each other, longest first.
ROLES = tuple(
    sorted(
        _set("""
董事长 总裁 总经理 首席执行官 创始人 联合创始人 主席 副主席 总统 总理 首相 部长 市长 省长 州长 书记
局长 校长 院长 主任 教授 主教练 教练 队长 球员 队员 前锋 后卫 门将 选手 运动员 导演 编剧 主演 主持人
制片人 演员 歌手 作者 作家 原著 原作 代言人 发言人 记者 设计师 父亲 母亲 妻子 丈夫 儿子 女儿 哥哥 弟弟
姐姐 妹妹 女友 男友 老公 老婆 前妻 前夫 未婚妻 未婚夫 之子 之女 之妻 之父 之母 夫人 男主角 女主角 主角
嘉宾 冠军 经纪人 监制 出品人 班主任 首富
秘书长 总书记 委员长 行政长官 外长 防长 大使 议长 国王 女王 王储 院士 警长 村支书 书记员 船长 机长
"""),
        key=lambda role: (-len(role), role),
    )
)
#: Roles that belong to a work.
OF_WORKS = _set(
    "导演 编剧 主演 主持人 制片人 作者 原著 原作 歌手 演唱 作词 作曲 编曲 监制 嘉宾 主角 主题曲 出品"
)
#: What a thing has one value of.
ATTRIBUTES = _set("""
注册资本 注册资金 总部 总部地点 国籍 面积 占地面积 总面积 票房 人口 总人口 海拔 简称 气候 首都 官方语言 语言
祖籍 籍贯 出生地 成立时间 成立日期 上映时间 毕业院校 专辑 所属专辑 主题曲 片头曲 片尾曲 专业代码 国家 朝代
演唱 出品
""")
#: Attributes that name what is spoken of.
NAMES = _set("姓名 名称 歌名 歌曲 书名 片名 剧名 公司名称 中文名 作品")
#: What is done to a work: 《甲》 … 由 乙 执导, 丙 主演.
MADE = _set("""
导演 执导 编剧 主演 领衔主演 联合主演 出演 参演 作词 作曲 编曲 谱曲 填词 演唱 原唱 出品 制作 创作 著 编著
主编 撰写 所著 写 监制 制片 发行 出版 翻唱 收录 配音 主持
""")
#: Verbs whose object does what the next verb says: 帮 大学生 迈好 第一步.
PIVOTS = _set("""
帮 帮助 助 助力 让 使 令 请 邀请 允许 要求 带 带领 教 派 促 促使 推动 劝 逼 禁止 组织 号召
""")
#: Verbs that say how far along the next verb is, or that somebody speaks of it: 承认 误杀, 开始 宣传.
BEFORE_VERBS = _set("""
开始 继续 停止 准备 打算 计划 拟 欲 想 要 会 能 可 可以 可能 应 须 需 承认 否认 拒绝 宣布 涉嫌 决定 希望
敢 肯 愿 不能 不会 担任 联合 登记 注册 领衔 正式 挂牌 共同 联袂
""")
#: Prepositions that stand after a verb: 毕业 于 甲.
AFTER_VERBS = ("于", "在", "到", "向", "给", "自", "至", "成", "为")
IS = ("是", "为", "系", "就是", "乃", "即")
NOT = ("不", "未", "没", "没有", "难")
THEIR = ("其", "他", "她", "它", "该")
#: The same in one word with a role.
THEIR_ROLES = {"其父": "父亲", "其母": "母亲", "其妻": "妻子", "其夫": "丈夫", "其子": "儿子", "其女": "女儿"}
#: Verbs that begin what they are done to: with a date they say since when it is there.
FOUNDED = _set("成立 建立 创办 创建 创立 组建 设立 兴建 建成")
#: What stands for something named before: 公司 成立 于 2002年.
ANAPHORA = _set("公司 该公司 本公司 企业 学校 影片 该片 本片 电影 该剧 本剧 小说 歌曲 本书 其 他 她 它 此人")
#: What may end a list after 等: 甲、乙 等 演员.
OF_A_LIST = _set("演员 人 明星 众星 影星 艺人 嘉宾 人士 歌手 导演 专家 球员 选手 国家 地 城市 企业 公司")
#: What kind of work a 《》 after it names.
WORKS = tuple(
    _set("""
电影 影片 片 电视剧 剧 大剧 连续剧 喜剧 剧集 网剧 歌曲 单曲 曲 歌 专辑 小说 书 图书 著作 作品 新作 力作 综艺
节目 真人秀 动画 动漫 漫画 话剧 音乐剧 舞剧 纪录片 大片 游戏 杂志 诗 词 画 报 一文 EP
""")
)
#: Verbs of headlines that jieba's dictionary has as something else, or not at all.
_VERBS = """
会见 开机 上市 首发 亮相 曝光 加盟 续约 去世 获刑 证实 反对 战胜 战平 险胜 大胜 摘金 折桂 晋级 出局 卫冕
大涨 收涨 收跌 增持 募资 裁员 失联 亮剑 试水 落户 落地 通车 奠基 封顶 降价 涨价 降息 降温 爆红 热议 围观
荣膺 扬言 探秘 解密 高开 祝贺 盛赞 清仓 笑傲 封锁 抗议 换帅 申报 搜罗 入市 留洋 扎堆 前往 同居 研发 刑拘 掌控
首推 主推 轻生 同意 暂停 索要 遭遇 现身 强奸 助阵 坦言 做客 领先 驾车 状告 表态 直言 部署 任命 缺席 离队 输球
骨折 报警 卖房 毕业 入学 重生 立案 作弊 杀人 制裁 患病 支招 突围 产生 示威 抄底 共舞 排队 维权
参观 对阵 登场 登顶 问世 下线 支教 被誉为 誉为 毕业于 位于 致歉 称 执导 著 编著 主编 主演 饰演 作词 作曲
编曲 演唱 出品 领衔 编剧 领衔主演 联合主演
"""
VERBS = tuple(_VERBS.split())
_NOUNS = "相机 小偷 首尔 真相 悍将 高速 青年 春晚 岁月"
#: Words with signs of their own, see `words.KINDS`.
KINDS_OF = {
    **dict.fromkeys(("的", "之"), "U"),
    **dict.fromkeys(("把",), "B"),
    **dict.fromkeys(("被", "遭", "遭到"), "P"),
    **dict.fromkeys(("由",), "Y"),
    **dict.fromkeys((*IS, "亦为"), "S"),
    **dict.fromkeys(("和", "与", "及", "、", "以及", "暨", "&", "/"), "C"),
    **dict.fromkeys(("：", ":"), "K"),
    **dict.fromkeys(("等", "了", "着", "过", "吧", "吗", "呢", "得", "地", "所", "-"), "X"),
    **dict.fromkeys(VERBS, "V"),
    **dict.fromkeys(_NOUNS.split(), "N"),
}
#: Kept whole by the cutter, though its dictionary lacks them.
WORDS = (
    "执导",
    "沪指",
    "深指",
    "恒指",
    "国足",
    "致歉",
    "被誉为",
    "制片人",
    "片头曲",
    "片尾曲",
    "作词",
    "编曲",
)
#: Chinese family names that a foreign name may end with: 普莉希拉·陈.
FAMILY = "陈王刘黄吴周徐赵"
#: Characters that foreign names are written with.
FOREIGN = "".join(
    sorted(
        set(
            "阿埃艾爱安昂奥巴白拜班邦保鲍贝本比彼别宾波伯博布查柴车楚茨达戴丹当道德登邓迪蒂丁东杜多顿俄厄恩尔法凡菲费芬"
            "丰冯佛夫弗福富盖甘冈高戈哥格葛根古瓜圭哈海汉豪赫黑亨洪侯胡华怀惠霍基吉加贾简杰金津卡凯坎康考柯科克肯孔库奎昆"
            "拉莱赖兰朗劳勒雷蕾李里理丽利莉连廉良列林琳龙隆卢鲁路露伦罗洛吕马玛迈麦曼芒毛梅门蒙孟米密敏明摩莫默姆穆纳娜奈"
            "南内尼年涅宁纽农努诺女欧帕派潘庞培佩彭蓬皮匹平泼朴普奇齐恰钱强乔切琴丘琼热仁日荣茹儒瑞若撒萨塞赛桑瑟森沙莎山珊"
            "尚绍舍申圣施什史士舒斯司丝思松苏孙索所塔泰坦汤唐陶特腾滕提田廷通图托瓦万旺威韦维魏温文翁沃乌伍武西希锡席夏香肖谢"
            "何辛欣兴休雪逊雅亚延扬杨耶叶伊依易因音英尤于约越泽曾扎詹张哲珍芝治朱兹子宗祖佐伽娅妮姬妲婕弥迦桃莱珀黛璐蒂茜薇"
        )
    )
)
