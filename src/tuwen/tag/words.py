"""The words of the page, in both languages."""

from __future__ import annotations

from typing import Literal

WORDS = {
    "summary": ("Tags", "标签结果"),
    "pictures": ("pictures", "图片数"),
    "tagged": ("with a tag", "已加标签"),
    "labels": ("labels", "标签数"),
    "learned": ("examples learned from", "学习所用样例"),
    "threshold": ("probability needed", "所需概率"),
    "uncalibrated": (
        "No labelled examples: the numbers below the pictures rank the labels; they are not probabilities.",
        "没有带标签的样例：图片下方的数字只表示标签的先后，并不是概率。",
    ),
    "calibrated": (
        "Probabilities were calibrated on labelled examples.",
        "概率已用带标签的样例校准。",
    ),
    "quality": ("How good they are", "标签质量"),
    "quality_note": (
        "Measured on examples that were held out. A label counts with all labels above it.",
        "在留出的样例上测得。一个标签连同其所有上级标签一起计算。",
    ),
    "held": ("examples held out", "留出样例"),
    "accuracy": ("accuracy (95 %)", "准确率（95 % 区间）"),
    "exact": ("all labels right (95 %)", "标签全部正确（95 % 区间）"),
    "balanced": ("mean recall over labels", "各标签平均召回率"),
    "chance": ("commonest label alone", "总选最常见标签"),
    "micro_f1": ("F1, all labels together", "F1（合计）"),
    "macro_f1": ("F1, mean over labels", "F1（各标签平均）"),
    "share": ("share with a label", "给出标签的比例"),
    "label": ("label", "标签"),
    "of_items": ("items", "样例"),
    "of_given": ("given", "给出"),
    "of_right": ("right", "正确"),
    "of_precision": ("precision", "精确率"),
    "of_recall": ("recall", "召回率"),
    "of_f1": ("F1", "F1"),
    "matrix": ("What is taken for what", "混淆矩阵"),
    "matrix_note": (
        "Rows are true, columns are given; a number leads to the pictures.",
        "行为真实标签，列为给出的标签；点击数字查看图片。",
    ),
    "none": ("no label", "无标签"),
    "mixed": ("Mixed up", "混淆示例"),
    "right": ("Right", "正确示例"),
    "lacking": ("lacking", "缺少该标签"),
    "wrongly": ("wrongly given", "误加该标签"),
    "tags": ("Pictures of each label", "各标签的图片"),
    "tags_note": ("The surest ones first.", "最有把握的在前。"),
    "bare": ("without a label", "没有标签"),
    "left_out": ("Notes, and what was left out", "说明与未采用的输入"),
    "lost": ("cannot be shown", "无法显示"),
    "made": ("Made by tuwen.", "由 tuwen 生成。"),
}

_METHODS = {
    "zero-shot": (
        "Pictures compared with the words of the labels (zero-shot).",
        "将图片与标签的文字直接比较（零样本）。",
    ),
    "probe": (
        "A linear probe learned from labelled examples.",
        "由带标签的样例学得的线性分类器。",
    ),
    "both": (
        "A linear probe learned from labelled examples, joined with the words of the labels.",
        "由带标签样例学得的线性分类器，结合标签的文字。",
    ),
    "classifier": (
        "A classifier that was trained before.",
        "由事先训练好的分类器给出。",
    ),
    "neighbours": (
        "The nearest labelled examples vote.",
        "由最相近的带标签样例投票。",
    ),
}


def method_name(method: str, language: Literal["en", "zh"] = "en") -> str:
    """How labels were found, in a sentence."""
    return _METHODS[method][language == "zh"]
