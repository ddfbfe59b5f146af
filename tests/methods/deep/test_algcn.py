"""The graph of labels."""

import numpy as np
import torch

from tuwen import methods
from tuwen.methods.deep.algcn import LabelGraph, neighbours


def test_neighbours_are_classes_that_often_occur_together():
    labels = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]], dtype=np.float32)
    # of five items of class 0 two have class 1, one class 2; all of class 1 have class 0
    np.testing.assert_array_equal(neighbours(labels, 0.4), [[1, 1, 0], [1, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(neighbours(labels, 0.9), [[1, 0, 0], [1, 1, 0], [0, 0, 1]])


def test_items_of_one_label_leave_the_given_graph_empty():
    np.testing.assert_array_equal(neighbours(np.eye(3, dtype=np.float32)[[0, 1, 2, 1]], 0.4), np.eye(3))


def test_the_graph_is_scaled_by_the_roots_of_degrees():
    graph = LabelGraph(2, 4, 4, strength=0.5)
    graph.known.copy_(torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
    graph.learned.data = torch.tensor([[0.0, -4.0], [2.0, 0.0]])
    # relu of [[1, -1], [1, 1]]; degrees 1 and 2
    expected = torch.tensor([[1.0, 0.0], [0.5**0.5, 0.5]])
    torch.testing.assert_close(graph.weights().detach(), expected)


def test_the_graph_of_the_training_labels_is_kept(classes):
    images, texts, labels = classes
    many = np.eye(3)[labels]
    many[labels == 0, 1] = 1
    small = {"dim": 8, "hidden": 16, "epochs": 2, "device": "cpu"}
    method = methods.find("algcn")(**small).fit(images, texts, many)
    np.testing.assert_array_equal(
        method.state["weights_"]["classes.known"], [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    )
