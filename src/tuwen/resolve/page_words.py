"""What the report page says, in English and Chinese."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "heading": ("Which items are of one entity", "哪些条目属于同一实体"),
    "steps": ("What was done", "处理步骤"),
    "step": ("step", "步骤"),
    "what": ("what came of it", "结果"),
    "seconds": ("seconds", "秒"),
    "total": ("all", "合计"),
    "prepare": ("prepare", "准备"),
    "block": ("block", "分块"),
    "score": ("score", "打分"),
    "join": ("join the evidence", "合并证据"),
    "decide": ("decide", "判定"),
    "cluster": ("cluster", "聚类"),
    "evaluate": ("evaluate", "评测"),
    "write": ("write", "写出"),
    "against": ("Against the truth", "与真值比较"),
    "precision": ("precision", "精确率"),
    "recall": ("recall", "召回率"),
    "f1": ("F1", "F1"),
    "pairs": ("pairs", "对"),
    "pairs_row": ("pairs that were kept", "保留的对"),
    "b3_row": ("items in clusters (B-cubed)", "簇内条目（B-cubed）"),
    "clusters_row": ("clusters exactly right", "完全正确的簇"),
    "pairs_note": (
        "Of {pairs} pairs in all, {tp} were rightly kept, {fp} wrongly; {fn} true pairs were missed, {lost} "
        "of them because blocking did not reach them; {tn} were rightly not kept.",
        "共 {pairs} 对：正确保留 {tp} 对，错误保留 {fp} 对；漏掉 {fn} 对真实匹配，"
        "其中 {lost} 对未被分块触及；正确舍弃 {tn} 对。",
    ),
    "clusters_note": (
        "{exact} of {found} clusters of two or more items are exactly one of {true} entities.",
        "在 {found} 个含两个及以上条目的簇中，有 {exact} 个与 {true} 个实体之一完全一致。",
    ),
    "blocking": ("Blocking", "分块"),
    "reduction": (
        "share of all pairs not looked at (reduction ratio)",
        "无需比较的对所占比例（reduction ratio）",
    ),
    "completeness": (
        "share of true pairs reached (pair completeness)",
        "被触及的真实匹配所占比例（pair completeness）",
    ),
    "quality": (
        "share of candidates that are true (pair quality)",
        "候选对中真实匹配所占比例（pair quality）",
    ),
    "chosen": ("Threshold", "阈值"),
    "sure": (
        "{value}: chosen on validation pairs so that the precision is at least {low} with 95 % confidence "
        "(observed {precision}, recall {recall}).",
        "{value}：在验证集上选择，使精确率在 95 % 置信度下不低于 {low}"
        "（观测值 {precision}，召回率 {recall}）。",
    ),
    "unsure": (
        "{value}: precision {precision} and recall {recall} on {count} validation pairs, too few to promise "
        "more than {low} with 95 % confidence.",
        "{value}：在 {count} 对验证样本上精确率 {precision}，召回率 {recall}；样本过少，"
        "95 % 置信度下只能保证不低于 {low}。",
    ),
    "charts": ("Charts", "图表"),
    "curve_pr": ("Precision against recall", "精确率—召回率"),
    "curve_threshold": ("By threshold", "随阈值变化"),
    "curve_calibration": ("Do probabilities keep their word?", "概率是否可信"),
    "calibration_note": (
        "Mean distance of probability and share {error} (expected calibration error), Brier score {brier}, "
        "over all candidates.",
        "在全部候选对上，概率与实际比例的平均偏差（expected calibration error）为 {error}，"
        "Brier 分数为 {brier}。",
    ),
    "no_charts": (
        "Charts need matplotlib: pip install 'tuwen[bench]'.",
        "绘图需要 matplotlib：pip install 'tuwen[bench]'。",
    ),
    "confusion": ("Which class was paired with which", "类别混淆矩阵"),
    "confusion_note": (
        "Rows: class of the left item; columns: class of its partner. {share} of the kept pairs agree.",
        "行为左侧条目的类别，列为其匹配对象的类别；{share} 的保留对类别一致。",
    ),
    "alone": ("no partner", "无匹配"),
    "made": ("Made by tuwen resolve.", "由 tuwen resolve 生成。"),
    # words inside the charts
    "all thresholds": ("all thresholds", "全部阈值"),
    "decided": ("decided", "所用判定"),
    "threshold": ("threshold", "阈值"),
    "used": ("used", "所用"),
    "probability": ("probability", "概率"),
    "share of true pairs": ("share of true pairs", "真实匹配比例"),
    "95 % interval": ("95 % interval", "95 % 区间"),
    "measured": ("measured", "实测"),
    "ideal": ("ideal", "理想"),
    # facts of steps
    "left items": ("left items", "左侧条目"),
    "right items": ("right items", "右侧条目"),
    "items": ("items", "条目"),
    "refused": ("left out", "未采用"),
    "candidates": ("candidates", "候选对"),
    "all pairs": ("all pairs", "全部对"),
    "reduction ratio": ("reduction ratio", "缩减率"),
    "pair completeness": ("pair completeness", "覆盖率"),
    "evidence": ("evidence", "证据"),
    "learned from": ("learned from", "学习自"),
    "labels": ("labelled pairs", "标注对"),
    "way": ("way", "方式"),
    "kept": ("kept", "保留"),
    "clusters": ("clusters", "簇"),
    "clusters of two or more": ("clusters of two or more", "两个及以上条目的簇"),
    "largest": ("largest", "最大"),
    "left alone": ("left items without a match", "左侧无匹配条目"),
    "right alone": ("right items without a match", "右侧无匹配条目"),
    "items alone": ("items without a match", "无匹配条目"),
    "neighbours": ("neighbours", "近邻"),
    "labelled only": ("added because they are labelled", "因有标注而加入"),
    "log loss": ("log loss", "对数损失"),
    "true pairs": ("true pairs", "真实匹配"),
}
